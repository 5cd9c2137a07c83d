using System.Net;
using System.Net.Sockets;
using System.Text;
using Skein.Swarm.Errors;
using Skein.Swarm.Tests.Fakes;
using Skein.Swarm.Transport;

namespace Skein.Swarm.Tests.Transport;

public sealed class TcpRingTransportTests
{
    private const string Quiet = "/skein/test/1.0.0";
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Garbage_OneMegabyte_IsClosedAtOnce()
    {
        await using var transport = Start(new TcpRingTransportOptions { Listen = new IPEndPoint(IPAddress.Loopback, 0), HandshakeBound = TimeSpan.FromMinutes(1) });
        var garbage = new byte[1 << 20];
        new Random(5).NextBytes(garbage);

        // Far before the bound of the handshake.
        await ExpectClosedAsync(transport, garbage);
        await ExpectClosedAsync(transport, Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
        await ExpectClosedAsync(transport, Encoding.ASCII.GetBytes("SKEINRNX"));
        await ExpectClosedAsync(transport, [.. "SKEINRNG"u8, 9]);
        await ExpectClosedAsync(transport, [.. "SKEINRNG"u8, 1, 3]);
        await ExpectClosedAsync(transport, [.. "SKEINRNG"u8, 1, 0, 0]);
        await ExpectClosedAsync(transport, [.. "SKEINRNG"u8, 1, 0, 65]);
        await ExpectClosedAsync(transport, [.. "SKEINRNG"u8, 1, 0, 2, (byte)'/', 0xFF]);
        Assert.Equal(0, transport.ServedStreams);
    }

    [Fact]
    public async Task Handshake_ThatNeverEnds_IsClosedInTime()
    {
        await using var transport = Start(new TcpRingTransportOptions { Listen = new IPEndPoint(IPAddress.Loopback, 0), HandshakeBound = TimeSpan.FromMilliseconds(200) });

        await ExpectClosedAsync(transport, "SKEIN"u8.ToArray());
    }

    [Fact]
    public async Task Streams_MoreThanAllowed_AreRefusedUntilOneEnds()
    {
        await using var transport = Start(new TcpRingTransportOptions { Listen = new IPEndPoint(IPAddress.Loopback, 0), MaxStreamsPerAddress = 2 });
        await using var dialler = new TcpRingTransport(new TcpRingTransportOptions());
        var address = PeerAddress.Tcp(transport.LocalEndPoint!);
        await using var first = await dialler.ConnectAsync(address, Quiet, TrafficClass.Control, TestContext.Current.CancellationToken);
        var second = await dialler.ConnectAsync(address, Quiet, TrafficClass.Control, TestContext.Current.CancellationToken);

        var failure = await Assert.ThrowsAsync<SwarmException>(async () => await dialler.ConnectAsync(address, Quiet, TrafficClass.Control, TestContext.Current.CancellationToken));
        await second.DisposeAsync();
        await Eventually.TrueAsync(() => transport.ServedStreams == 1, () => "the ended stream is still counted");
        await using var third = await dialler.ConnectAsync(address, Quiet, TrafficClass.Control, TestContext.Current.CancellationToken);

        Assert.Equal(SwarmError.LimitReached, failure.Error);
    }

    [Fact]
    public async Task Start_AddressTaken_SaysSo()
    {
        await using var first = Start(new TcpRingTransportOptions { Listen = new IPEndPoint(IPAddress.Loopback, 0) });
        await using var second = new TcpRingTransport(new TcpRingTransportOptions { Listen = first.LocalEndPoint });

        var failure = Assert.Throws<SwarmException>(second.Start);

        Assert.Contains(first.LocalEndPoint!.ToString(), failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ConnectAsync_ToSomethingElse_SaysSo()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var stranger = Task.Run(async () =>
        {
            using var client = await listener.AcceptTcpClientAsync();
            await client.GetStream().WriteAsync("HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray());
            try
            {
                await client.GetStream().CopyToAsync(Stream.Null);
            }
            catch (IOException)
            {
                // The dialler hung up with our answer half read.
            }
        });
        await using var dialler = new TcpRingTransport(new TcpRingTransportOptions());

        var failure = await Assert.ThrowsAsync<SwarmException>(async () => await dialler.ConnectAsync(PeerAddress.Tcp(listener.LocalEndpoint), Quiet, TrafficClass.Control, TestContext.Current.CancellationToken));

        Assert.Equal(SwarmError.UnsupportedProtocol, failure.Error);
        await stranger.WaitAsync(Bound);
    }

    [Theory]
    [InlineData("127.0.0.1:80", true)]
    [InlineData("[::1]:80", true)]
    [InlineData("node-b.example:4501", true)]
    [InlineData("localhost:1", true)]
    [InlineData("::1:80", false)]
    [InlineData("host", false)]
    [InlineData("host:0", false)]
    [InlineData("host:70000", false)]
    [InlineData("ho st:80", false)]
    [InlineData(":80", false)]
    [InlineData("[127.0.0.1]", false)]
    [InlineData("", false)]
    public void TcpEndPoints_TryParse_TakesWhatPeopleWrite(string text, bool good) => Assert.Equal(good, TcpEndPoints.TryParse(text, out _));

    private static TcpRingTransport Start(TcpRingTransportOptions options)
    {
        var transport = new TcpRingTransport(options);
        transport.Handle(Quiet, static (inbound, token) => inbound.Stream.CopyToAsync(Stream.Null, token));
        transport.Start();
        return transport;
    }

    private static async Task ExpectClosedAsync(TcpRingTransport transport, byte[] bytes)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(transport.LocalEndPoint!);
        var read = 0;
        try
        {
            await client.GetStream().WriteAsync(bytes);
            read = await client.GetStream().ReadAsync(new byte[10]).AsTask().WaitAsync(Bound);
        }
        catch (IOException)
        {
            // Closed with our bytes unread: a reset.
        }

        Assert.Equal(0, read);
    }
}
