using Microsoft.Extensions.Time.Testing;
using Skein.P2P.Addressing;
using Skein.P2P.Connections;
using Skein.P2P.Errors;
using Skein.P2P.Transports.Memory;
using Skein.P2P.Yamux;

namespace Skein.P2P.Tests.Connections;

/// <summary>What a host keeps, lets go and bounds.</summary>
public sealed class P2PHostLimitsTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task Streams_OverTheProtocolsLimit_AreReset()
    {
        var network = new MemoryNetwork(TimeProvider.System);
        await using var far = await HostFixture.StartMemoryAsync(network, "far", TimeProvider.System);
        far.Handle("/two", StreamClass.Control, async (stream, token) => await stream.CopyToAsync(Stream.Null, token), maxStreams: 2);
        await using var near = await HostFixture.StartMemoryAsync(network, "near", TimeProvider.System);
        near.Peers.AddAddresses(far.Id, far.Addresses);
        var streams = new List<P2PStream>();
        for (var i = 0; i < 3; i++)
        {
            streams.Add(await near.NewStreamAsync(far.Id, "/two", StreamClass.Control, None));
            await streams[i].WriteAsync(new byte[1]);
        }

        var reads = streams.Select(stream => stream.ReadAsync(new byte[1]).AsTask()).ToList();
        var first = await Task.WhenAny(reads).Within("the reset of the stream that is too much");

        Assert.Equal(P2PError.StreamReset, (await Assert.ThrowsAsync<P2PException>(() => first)).Error);
        Assert.Equal(1, reads.Count(read => read.IsCompleted));
        foreach (var stream in streams)
        {
            await stream.DisposeAsync();
        }
    }

    [Fact]
    public async Task Connections_Idle_AreClosedUnlessProtected()
    {
        var time = new FakeTimeProvider();
        var network = new MemoryNetwork(time);
        await using var hub = await HostFixture.StartMemoryAsync(network, "hub", time);
        await using var idle = await HostFixture.StartMemoryAsync(network, "idle", time);
        await using var kept = await HostFixture.StartMemoryAsync(network, "kept", time);
        await hub.ConnectAsync(HostFixture.AddressOf(idle), None);
        await hub.ConnectAsync(HostFixture.AddressOf(kept), None);
        hub.Protect(kept.Id);
        kept.Protect(hub.Id);
        await Waiting.Until(() => hub.Connections.All(connection => connection.StreamCount == 0), "quiet");

        for (var step = 0; step < 100 && hub.ConnectionsWith(idle.Id).Count > 0; step++)
        {
            // Pings on their way must not run out of virtual time.
            await SettleAsync(hub, idle, kept);
            time.Advance(TimeSpan.FromSeconds(5));
        }

        await Waiting.Until(() => hub.ConnectionsWith(idle.Id).Count == 0, "the idle connection's end");

        Assert.True(time.GetUtcNow() - time.Start >= TimeSpan.FromMinutes(5));
        Assert.Single(hub.ConnectionsWith(kept.Id));
    }

    [Fact]
    public async Task Connections_OverTheLimit_EvictTheIdlest()
    {
        var network = new MemoryNetwork(TimeProvider.System);
        await using var hub = await HostFixture.StartMemoryAsync(network, "hub", TimeProvider.System, options => options with { Limits = new P2PLimits { MaxConnections = 2 } });
        var others = new List<P2PHost>();
        for (var i = 0; i < 4; i++)
        {
            var other = await HostFixture.StartMemoryAsync(network, $"other{i}", TimeProvider.System);
            others.Add(other);
            await other.ConnectAsync(HostFixture.AddressOf(hub), None);
            Assert.Equal([1], await HostFixture.EchoAsync(other, hub.Id, [1]));
            await Waiting.Until(() => hub.Connections.All(connection => connection.StreamCount == 0), "quiet");
        }

        Assert.InRange(hub.Connections.Count, 1, 2);
        Assert.NotEmpty(hub.ConnectionsWith(others[3].Id));
        foreach (var other in others)
        {
            await other.DisposeAsync();
        }
    }

    [Fact]
    public async Task Kill_OfAMachine_EndsItsConnectionsWithAReason()
    {
        var network = new MemoryNetwork(TimeProvider.System);
        await using var far = await HostFixture.StartMemoryAsync(network, "far", TimeProvider.System);
        await using var near = await HostFixture.StartMemoryAsync(network, "near", TimeProvider.System);
        var closed = new TaskCompletionSource<P2PConnection>();
        near.ConnectionClosed += (_, e) => closed.TrySetResult(e.Connection);
        var connection = await near.ConnectAsync(HostFixture.AddressOf(far), None);

        network.Kill("far");

        Assert.Same(connection, await closed.Task.Within("the end"));
        Assert.Equal(P2PError.ConnectionClosed, (await connection.Closed)?.Error);
        await Assert.ThrowsAsync<P2PException>(() => near.ConnectAsync(far.Id, None));
    }

    [Fact]
    public async Task Limits_OfConnectionsWithOnePeer_AreKept()
    {
        var network = new MemoryNetwork(TimeProvider.System);
        await using var hub = await HostFixture.StartMemoryAsync(network, "hub", TimeProvider.System, options => options with { Limits = new P2PLimits { MaxConnectionsPerPeer = 2 } });
        await using var guest = await HostFixture.StartMemoryAsync(network, "guest", TimeProvider.System);
        var transport = network.TransportOf("guest");
        for (var i = 0; i < 2; i++)
        {
            await guest.AdoptAsync(await transport.DialAsync(hub.Addresses[0], AddressScope.Anywhere, None), outbound: true, hub.Id, None);
            var expected = i + 1;
            await Waiting.Until(() => hub.Connections.Count == expected, $"connection {expected}");
        }

        var third = await guest.AdoptAsync(await transport.DialAsync(hub.Addresses[0], AddressScope.Anywhere, None), outbound: true, hub.Id, None);
        await third.Closed.Within("the refusal");

        Assert.Equal(2, hub.Connections.Count);
        await Assert.ThrowsAsync<P2PException>(async () => await third.NewStreamAsync(HostFixture.EchoProtocol, StreamClass.Control, None));
    }

    [Fact]
    public async Task Network_OfFiftyHostsInMemory_AllReachTheHub()
    {
        var network = new MemoryNetwork(TimeProvider.System);
        await using var hub = await HostFixture.StartMemoryAsync(network, "hub", TimeProvider.System, options => options with { Limits = new P2PLimits { MaxPendingHandshakes = 64 } });
        var hosts = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => HostFixture.StartMemoryAsync(network, $"n{i}", TimeProvider.System)));

        await Task.WhenAll(hosts.Select(async host =>
        {
            await host.ConnectAsync(HostFixture.AddressOf(hub), None);
            Assert.Equal([3], await HostFixture.EchoAsync(host, hub.Id, [3]));
        })).Within("all echoes");

        Assert.Equal(50, hub.Connections.Select(connection => connection.Peer).Distinct().Count());
        await Task.WhenAll(hosts.Select(host => host.DisposeAsync().AsTask())).Within("closing");
    }

    private static async Task SettleAsync(params P2PHost[] hosts)
    {
        foreach (var connection in hosts.SelectMany(host => host.Connections))
        {
            try
            {
                await connection.Muxer.PingAsync(None).Within("a ping");
            }
            catch (P2PException)
            {
                // It is closing.
            }
        }
    }
}
