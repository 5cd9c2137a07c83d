using System.Security.Cryptography;
using Skein.P2P.Addressing;
using Skein.P2P.Connections;
using Skein.P2P.Errors;
using Skein.P2P.Transports.Memory;
using Skein.P2P.Yamux;

namespace Skein.P2P.Tests.Connections;

/// <summary>Streams between hosts.</summary>
public sealed class P2PHostTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Theory]
    [InlineData(true, true, "")]
    [InlineData(true, false, "")]
    [InlineData(false, true, "")]
    [InlineData(true, true, "/ws")]
    [InlineData(false, false, "/ws")]
    public async Task NewStream_OverTcpAndWebSocket_EchoesAndIdentifies(bool earlyHere, bool earlyThere, string suffix)
    {
        await using var far = await HostFixture.StartTcpAsync(options => options with { EarlyMuxer = earlyThere });
        await using var near = await HostFixture.StartTcpAsync(options => options with { EarlyMuxer = earlyHere }, listen: false);
        var identified = new TaskCompletionSource();
        near.PeerIdentified += (_, _) => identified.TrySetResult();
        near.Peers.AddAddresses(far.Id, Multiaddr.Parse(far.Addresses[0] + suffix));
        var bytes = RandomNumberGenerator.GetBytes(3_000_000);

        Assert.Equal(bytes, await HostFixture.EchoAsync(near, far.Id, bytes, StreamClass.Bulk));
        Assert.Empty(await HostFixture.EchoAsync(near, far.Id, []));

        await identified.Task.Within("identify");
        var known = near.Peers.Find(far.Id);
        Assert.Contains(HostFixture.EchoProtocol, known!.Protocols!);
        Assert.Equal("/skein/1", known.ProtocolVersion);
        Assert.NotNull(known.SealedRecord);
        Assert.Contains(far.Addresses[0], known.Addresses);
        Assert.Equal(suffix.Length > 0, near.Connections[0].Remote.IsWebSocket);
        Assert.True(await near.PingAsync(far.Id, None).Within("a ping") > TimeSpan.Zero);
    }

    [Fact]
    public async Task NewStream_UnknownProtocol_FailsAtTheFirstReadOrAtOnce()
    {
        var network = new MemoryNetwork(TimeProvider.System);
        await using var far = await HostFixture.StartMemoryAsync(network, "far", TimeProvider.System);
        await using var near = await HostFixture.StartMemoryAsync(network, "near", TimeProvider.System);
        near.Peers.AddAddresses(far.Id, far.Addresses);
        var connection = await near.ConnectAsync(far.Id, None);
        await using (var stream = await connection.NewStreamAsync("/nobody", StreamClass.Control, None))
        {
            var fault = await Assert.ThrowsAsync<P2PException>(() => stream.ReadAsync(new byte[1]).Within("the refusal"));
            Assert.Equal(P2PError.ProtocolNotSupported, fault.Error);
        }

        await Waiting.Until(() => near.Peers.Find(far.Id)?.Protocols is not null, "identify");
        Assert.Equal(P2PError.ProtocolNotSupported, (await Assert.ThrowsAsync<P2PException>(async () => await near.NewStreamAsync(far.Id, "/nobody", StreamClass.Control, None))).Error);
        await using var chosen = await connection.NewStreamAsync(["/nobody", HostFixture.EchoProtocol], StreamClass.Control, None);
        Assert.Equal(HostFixture.EchoProtocol, chosen.Protocol);
    }

    [Fact]
    public async Task NewStream_BulkBesideDecode_TakesAConnectionOfItsOwn()
    {
        await using var far = await HostFixture.StartTcpAsync();
        await using var near = await HostFixture.StartTcpAsync();
        near.Peers.AddAddresses(far.Id, far.Addresses);
        await using var decode = await near.NewStreamAsync(far.Id, HostFixture.EchoProtocol, StreamClass.Decode, None);
        await decode.WriteAsync(new byte[1]);

        await using var bulk = await near.NewStreamAsync(far.Id, HostFixture.EchoProtocol, StreamClass.Bulk, None);
        await using var more = await near.NewStreamAsync(far.Id, HostFixture.EchoProtocol, StreamClass.Decode, None);
        await using var moreBulk = await near.NewStreamAsync(far.Id, HostFixture.EchoProtocol, StreamClass.Bulk, None);

        Assert.NotSame(decode.Connection, bulk.Connection);
        Assert.Same(decode.Connection, more.Connection);
        Assert.Same(bulk.Connection, moreBulk.Connection);
        Assert.Equal(2, near.Connections.Count);
    }

    [Theory]
    [InlineData(StreamClass.Bulk, StreamClass.Decode)]
    [InlineData(StreamClass.Decode, StreamClass.Bulk)]
    public async Task NewStream_TheOtherClassSecond_TakesAConnectionOfItsOwn(StreamClass first, StreamClass second)
    {
        await using var far = await HostFixture.StartTcpAsync();
        await using var near = await HostFixture.StartTcpAsync();
        near.Peers.AddAddresses(far.Id, far.Addresses);
        await using var one = await near.NewStreamAsync(far.Id, HostFixture.EchoProtocol, first, None);
        await using var other = await near.NewStreamAsync(far.Id, HostFixture.EchoProtocol, second, None);

        Assert.NotSame(one.Connection, other.Connection);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task NewStream_BothClassesAtOnce_NeverShareAConnection(bool isConnected)
    {
        await using var far = await HostFixture.StartTcpAsync();
        for (var i = 0; i < 10; i++)
        {
            await using var near = await HostFixture.StartTcpAsync(listen: false);
            near.Peers.AddAddresses(far.Id, far.Addresses);
            if (isConnected)
            {
                await near.ConnectAsync(far.Id, None);
            }

            var streams = await Task.WhenAll(Enumerable.Range(0, 8)
                .Select(n => Task.Run(async () => await near.NewStreamAsync(far.Id, HostFixture.EchoProtocol, n % 2 == 0 ? StreamClass.Bulk : StreamClass.Decode, None)))).Within("the streams");

            Assert.Equal(2, streams.Select((stream, n) => (stream.Connection, n % 2)).Distinct().Count());
            Assert.Equal(2, near.Connections.Count);
        }
    }

    [Fact]
    public async Task Handle_AfterTheConnection_IsPushedToThePeer()
    {
        var network = new MemoryNetwork(TimeProvider.System);
        await using var far = await HostFixture.StartMemoryAsync(network, "far", TimeProvider.System);
        await using var near = await HostFixture.StartMemoryAsync(network, "near", TimeProvider.System);
        await near.ConnectAsync(HostFixture.AddressOf(far), None);
        await Waiting.Until(() => far.Peers.Find(near.Id)?.Protocols is not null && near.Peers.Find(far.Id)?.Protocols is not null, "identify on both sides");

        far.Handle("/skein/kad/1.0.0", StreamClass.Control, (_, _) => Task.CompletedTask);
        await Waiting.Until(() => near.Peers.Find(far.Id)!.Protocols!.Contains("/skein/kad/1.0.0"), "the push");
        far.Unhandle("/skein/kad/1.0.0");
        await Waiting.Until(() => !near.Peers.Find(far.Id)!.Protocols!.Contains("/skein/kad/1.0.0"), "the second push");
        far.Announce([Multiaddr.Parse("/dns4/node.example.org/tcp/4001")]);
        await Waiting.Until(() => near.Peers.Find(far.Id)!.Addresses.Any(address => address.Has(MultiaddrCode.Dns4)), "the third push");
    }

    [Fact]
    public async Task Handler_ThatFails_ResetsItsStreamOnly()
    {
        var network = new MemoryNetwork(TimeProvider.System);
        await using var far = await HostFixture.StartMemoryAsync(network, "far", TimeProvider.System);
        far.Handle("/fails", StreamClass.Control, (_, _) => throw new InvalidOperationException("a bug"));
        var failed = new TaskCompletionSource<HandlerFailedEventArgs>();
        far.HandlerFailed += (_, e) => failed.TrySetResult(e);
        await using var near = await HostFixture.StartMemoryAsync(network, "near", TimeProvider.System);
        near.Peers.AddAddresses(far.Id, far.Addresses);
        await using var stream = await near.NewStreamAsync(far.Id, "/fails", StreamClass.Control, None);
        await stream.WriteAsync(new byte[1]);

        Assert.Equal(P2PError.StreamReset, (await Assert.ThrowsAsync<P2PException>(async () => await ReadToEndAsync(stream))).Error);
        Assert.Equal([5], await HostFixture.EchoAsync(near, far.Id, [5]));
        var told = await failed.Task.Within("word of it");
        Assert.Equal(("/fails", near.Id, "a bug"), (told.Protocol, told.Peer, told.Fault.Message));
    }

    private static async Task<byte[]> ReadToEndAsync(Stream stream)
    {
        using var all = new MemoryStream();
        await stream.CopyToAsync(all).Within("the stream's end");
        return all.ToArray();
    }
}
