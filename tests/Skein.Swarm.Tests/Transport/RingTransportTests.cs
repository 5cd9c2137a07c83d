using System.Net;
using Skein.Swarm.Errors;
using Skein.Swarm.Transport;

namespace Skein.Swarm.Tests.Transport;

/// <summary>What every transport must do.</summary>
public abstract class RingTransportTests
{
    private const string Echo = "/skein/test/1.0.0";

    protected abstract (IRingTransport Listener, Func<PeerAddress> Address, IRingTransport Dialler) Create();

    protected abstract PeerAddress Nobody { get; }

    [Fact]
    public async Task Stream_CarriesBytesBothWaysAndItsClass()
    {
        var (listener, address, dialler) = Create();
        await using var l = listener;
        await using var d = dialler;
        TrafficClass? seen = null;
        Listen(listener, async (inbound, token) =>
        {
            seen = inbound.Class;
            var buffer = new byte[4096];
            for (int read; (read = await inbound.Stream.ReadAsync(buffer, token)) > 0;)
            {
                await inbound.Stream.WriteAsync(buffer.AsMemory(0, read), token);
            }
        });

        await using var stream = await dialler.ConnectAsync(address(), Echo, TrafficClass.Bulk, TestContext.Current.CancellationToken);
        var sent = new byte[1 << 20];
        new Random(3).NextBytes(sent);
        var writing = stream.WriteAsync(sent).AsTask();
        var back = new byte[sent.Length];
        await stream.ReadExactlyAsync(back).AsTask().WaitAsync(TimeSpan.FromSeconds(20));
        await writing;

        Assert.Equal(sent, back);
        Assert.Equal(TrafficClass.Bulk, seen);
    }

    [Fact]
    public async Task Stream_DisposedHere_EndsThere()
    {
        var (listener, address, dialler) = Create();
        await using var l = listener;
        await using var d = dialler;
        var ended = new TaskCompletionSource<int>();
        Listen(listener, async (inbound, token) => ended.SetResult(await inbound.Stream.ReadAsync(new byte[1], token)));

        await (await dialler.ConnectAsync(address(), Echo, TrafficClass.Decode, TestContext.Current.CancellationToken)).DisposeAsync();

        Assert.Equal(0, await ended.Task.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task Handler_ThatEnds_ClosesTheStream()
    {
        var (listener, address, dialler) = Create();
        await using var l = listener;
        await using var d = dialler;
        Listen(listener, static (_, _) => Task.CompletedTask);

        await using var stream = await dialler.ConnectAsync(address(), Echo, TrafficClass.Decode, TestContext.Current.CancellationToken);

        Assert.Equal(0, await stream.ReadAsync(new byte[1]).AsTask().WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task DisposeAsync_EndsInboundStreams()
    {
        var (listener, address, dialler) = Create();
        await using var d = dialler;
        Listen(listener, static (inbound, token) => inbound.Stream.CopyToAsync(Stream.Null, token));
        await using var stream = await dialler.ConnectAsync(address(), Echo, TrafficClass.Decode, TestContext.Current.CancellationToken);

        await listener.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));

        Assert.Equal(0, await stream.ReadAsync(new byte[1]).AsTask().WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task ConnectAsync_ProtocolThatNobodyServes_IsRefused()
    {
        var (listener, address, dialler) = Create();
        await using var l = listener;
        await using var d = dialler;
        Listen(listener, static (_, _) => Task.CompletedTask);

        var failure = await Assert.ThrowsAsync<SwarmException>(async () => await dialler.ConnectAsync(address(), "/skein/other/1.0.0", TrafficClass.Decode, TestContext.Current.CancellationToken));

        Assert.Equal(SwarmError.UnsupportedProtocol, failure.Error);
    }

    [Fact]
    public async Task ConnectAsync_ToNobody_Fails()
    {
        var (listener, _, dialler) = Create();
        await using var l = listener;
        await using var d = dialler;

        var failure = await Assert.ThrowsAsync<SwarmException>(async () => await dialler.ConnectAsync(Nobody, Echo, TrafficClass.Decode, TestContext.Current.CancellationToken));

        Assert.Equal(SwarmError.ConnectFailed, failure.Error);
    }

    [Fact]
    public async Task Handle_Twice_IsADefect()
    {
        var (listener, _, dialler) = Create();
        await using var l = listener;
        await using var d = dialler;
        listener.Handle(Echo, static (_, _) => Task.CompletedTask);

        Assert.Throws<InvalidOperationException>(() => listener.Handle(Echo, static (_, _) => Task.CompletedTask));
    }

    private static void Listen(IRingTransport transport, RingStreamHandler handler)
    {
        transport.Handle(Echo, handler);
        (transport as TcpRingTransport)?.Start();
    }

    public sealed class Tcp : RingTransportTests
    {
        // Port 1 of loopback: nothing listens there.
        protected override PeerAddress Nobody => PeerAddress.ParseTcp("127.0.0.1:1");

        protected override (IRingTransport Listener, Func<PeerAddress> Address, IRingTransport Dialler) Create()
        {
            var listener = new TcpRingTransport(new TcpRingTransportOptions { Listen = new IPEndPoint(IPAddress.Loopback, 0) });
            return (listener, () => PeerAddress.Tcp(listener.LocalEndPoint!), new TcpRingTransport(new TcpRingTransportOptions()));
        }
    }

    public sealed class Memory : RingTransportTests
    {
        protected override PeerAddress Nobody => InMemoryRingNetwork.AddressOf("nobody");

        protected override (IRingTransport Listener, Func<PeerAddress> Address, IRingTransport Dialler) Create()
        {
            var network = new InMemoryRingNetwork();
            var listener = network.Join("listener");
            return (listener, () => listener.Address, network.Join("dialler"));
        }
    }
}
