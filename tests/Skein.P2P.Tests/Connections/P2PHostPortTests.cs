using System.Net.Sockets;
using System.Security.Cryptography;
using Skein.P2P.Addressing;
using Skein.P2P.Connections;
using Skein.P2P.Errors;
using Skein.P2P.Transports.Tcp;

namespace Skein.P2P.Tests.Connections;

/// <summary>Strangers at the port of a host.</summary>
public sealed class P2PHostPortTests
{
    [Fact]
    public async Task Start_PortTaken_SaysWhichAndWhy()
    {
        await using var first = await HostFixture.StartTcpAsync();
        using var blocker = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        blocker.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        blocker.Listen();
        var taken = Multiaddr.FromTcp((System.Net.IPEndPoint)blocker.LocalEndPoint!);

        var fault = await Assert.ThrowsAsync<P2PException>(() => HostFixture.StartTcpAsync(options => options with { Listen = [taken] }));

        Assert.Equal(P2PError.DialFailed, fault.Error);
        Assert.Contains(taken.ToString(), fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_PortOfAnotherHost_IsNotShared()
    {
        await using var first = await HostFixture.StartTcpAsync();

        var fault = await Assert.ThrowsAsync<P2PException>(() => HostFixture.StartTcpAsync(options => options with { Listen = [first.Addresses[0]] }));

        Assert.Equal(SocketError.AddressAlreadyInUse, Assert.IsType<SocketException>(fault.InnerException).SocketErrorCode);
    }

    [Fact]
    public async Task Start_PortThatWasLeftWithConnections_CanBeTakenAgain()
    {
        await using var near = await HostFixture.StartTcpAsync();
        var first = await HostFixture.StartTcpAsync();
        var address = first.Addresses[0];
        near.Peers.AddAddresses(first.Id, first.Addresses);
        Assert.Equal([7], await HostFixture.EchoAsync(near, first.Id, [7]));
        await first.DisposeAsync();

        await using var second = await HostFixture.StartTcpAsync(options => options with { Listen = [address] });

        Assert.Equal(address, second.Addresses[0]);
        near.Peers.AddAddresses(second.Id, second.Addresses);
        Assert.Equal([7], await HostFixture.EchoAsync(near, second.Id, [7]));
    }

    [Fact]
    public async Task Port_StrangersAndGarbage_AreRefusedAndTheHostGoesOn()
    {
        await using var far = await HostFixture.StartTcpAsync(tcp: new TcpTransportOptions { FirstBytesTimeout = TimeSpan.FromSeconds(1) });
        var endPoint = far.Addresses[0].TcpEndPoint!;
        foreach (var bytes in new[] { "GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray(), [0x16, 3, 1, 0, 0], RandomNumberGenerator.GetBytes(100_000), [0x13, (byte)'/', (byte)'m', 0, 0, 0], [] })
        {
            using var client = new TcpClient();
            await client.ConnectAsync(endPoint);
            var stream = client.GetStream();
            try
            {
                await stream.WriteAsync(bytes);
                client.Client.Shutdown(SocketShutdown.Send);
                await stream.CopyToAsync(Stream.Null).Within("the refusal");
            }
            catch (Exception fault) when (fault is IOException or SocketException)
            {
                // Refused by a reset.
            }
        }

        await using var near = await HostFixture.StartTcpAsync();
        near.Peers.AddAddresses(far.Id, far.Addresses);
        Assert.Equal([7], await HostFixture.EchoAsync(near, far.Id, [7]));
    }

    [Fact]
    public async Task HttpHandler_OnTheSamePort_GetsTheWholeRequest()
    {
        var seen = new TaskCompletionSource<string>();
        await using var far = await HostFixture.StartTcpAsync(tcp: new TcpTransportOptions
        {
            HttpHandler = async connection =>
            {
                var stream = connection.Stream;
                var buffer = new byte[1024];
                var count = 0;
                while (!buffer.AsSpan(0, count).EndsWith("\r\n\r\n"u8))
                {
                    count += await stream.ReadAsync(buffer.AsMemory(count));
                }

                seen.TrySetResult(System.Text.Encoding.ASCII.GetString(buffer, 0, count));
                await stream.DisposeAsync();
            },
        });
        using var client = new TcpClient();
        await client.ConnectAsync(far.Addresses[0].TcpEndPoint!);
        await client.GetStream().WriteAsync("GET /healthz HTTP/1.1\r\n\r\n"u8.ToArray());

        Assert.Equal("GET /healthz HTTP/1.1\r\n\r\n", await seen.Task.Within("the request"));
    }

    [Fact]
    public async Task Connections_ThatStaySilent_KeepNobodyOut()
    {
        await using var far = await HostFixture.StartTcpAsync();
        var silent = new List<TcpClient>();
        for (var i = 0; i < 300; i++)
        {
            var client = new TcpClient();
            await client.ConnectAsync(far.Addresses[0].TcpEndPoint!);
            silent.Add(client);
        }

        await using var near = await HostFixture.StartTcpAsync();
        near.Peers.AddAddresses(far.Id, far.Addresses);
        Assert.Equal([7], await HostFixture.EchoAsync(near, far.Id, [7]));

        // Closed or reset, as the system likes: it ends, which is what counts.
        var read = silent[0].GetStream().ReadAsync(new byte[1]).AsTask();
        Assert.Same(read, await Task.WhenAny(read, Task.Delay(Waiting.Bound)));
        Assert.True(read.IsFaulted || await read == 0, "the oldest silent connection is still served");
        silent.ForEach(client => client.Dispose());
    }

    [Fact]
    public async Task HttpConnections_HoweverLong_TakeNoPlaceOfNewcomers()
    {
        var served = 0;
        var end = new TaskCompletionSource();
        await using var far = await HostFixture.StartTcpAsync(tcp: new TcpTransportOptions
        {
            MaxUndecided = 4,
            HttpHandler = async connection =>
            {
                Interlocked.Increment(ref served);
                await end.Task;
                await connection.Stream.DisposeAsync();
            },
        });
        var clients = new List<TcpClient>();
        for (var i = 0; i < 20; i++)
        {
            var client = new TcpClient();
            await client.ConnectAsync(far.Addresses[0].TcpEndPoint!);
            await client.GetStream().WriteAsync("GET / HTTP/1.1\r\n"u8.ToArray());
            var expected = i + 1;
            await Waiting.Until(() => Volatile.Read(ref served) == expected, $"request {expected}");
            clients.Add(client);
        }

        await using var near = await HostFixture.StartTcpAsync();
        near.Peers.AddAddresses(far.Id, far.Addresses);
        Assert.Equal([7], await HostFixture.EchoAsync(near, far.Id, [7]));
        end.SetResult();
        clients.ForEach(client => client.Dispose());
    }

    [Fact]
    public async Task Handshakes_ThatStandStill_AreBoundedAndGivenUp()
    {
        await using var far = await HostFixture.StartTcpAsync(options => options with { Limits = new P2PLimits { HandshakeTimeout = TimeSpan.FromSeconds(1), MaxPendingHandshakes = 4 } });
        var streams = new List<NetworkStream>();
        for (var i = 0; i < 50; i++)
        {
            var client = new TcpClient();
            await client.ConnectAsync(far.Addresses[0].TcpEndPoint!);
            streams.Add(client.GetStream());
            await streams[i].WriteAsync(new byte[] { 0x13, (byte)'/', (byte)'m' });
        }

        foreach (var stream in streams)
        {
            try
            {
                await stream.CopyToAsync(Stream.Null).Within("the end of a handshake that stands still");
            }
            catch (IOException)
            {
                // Refused by a reset.
            }

            await stream.DisposeAsync();
        }

        await using var near = await HostFixture.StartTcpAsync();
        near.Peers.AddAddresses(far.Id, far.Addresses);
        Assert.Equal([7], await HostFixture.EchoAsync(near, far.Id, [7]));
    }
}
