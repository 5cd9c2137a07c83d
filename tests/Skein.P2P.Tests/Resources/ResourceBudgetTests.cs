using System.Net;
using Skein.P2P.Connections;
using Skein.P2P.Identity;
using Skein.P2P.Resources;
using Skein.P2P.Tests.Connections;
using Skein.P2P.Transports.Memory;
using Skein.P2P.Yamux;

namespace Skein.P2P.Tests.Resources;

/// <summary>What all connections together may make a host hold.</summary>
public sealed class ResourceBudgetTests
{
    private static readonly P2PLimits Limits = new()
    {
        MaxUnreadBytes = 1000, MaxUnreadBytesPerPeer = 300, MaxUnreadBytesPerIpGroup = 500,
        MaxInboundStreams = 10, MaxInboundStreamsPerPeer = 3, MaxInboundStreamsPerIpGroup = 5,
    };

    [Fact]
    public void TryTake_OverTheShareOfAPeer_IsRefusedOnAllItsConnections()
    {
        var budget = new ResourceBudget(Limits);
        var peer = Peer(1);
        using var first = budget.Open(peer, IPAddress.Parse("203.0.113.7"));
        using var second = budget.Open(peer, IPAddress.Parse("198.51.100.7"));
        using var other = budget.Open(Peer(2), IPAddress.Parse("198.51.100.8"));

        Assert.True(first.TryTakeBytes(200));
        Assert.False(second.TryTakeBytes(101));
        Assert.True(second.TryTakeBytes(100));
        Assert.True(other.TryTakeBytes(300));
        Assert.True(first.TryTakeStream() && second.TryTakeStream() && first.TryTakeStream());
        Assert.False(second.TryTakeStream());
        Assert.True(other.TryTakeStream());
        Assert.Equal((600, 4), (budget.UnreadBytes, budget.Streams));
    }

    [Fact]
    public void TryTake_OverTheShareOfANeighbourhood_IsRefusedToAllWithinIt()
    {
        var budget = new ResourceBudget(Limits);
        using var first = budget.Open(Peer(1), IPAddress.Parse("203.0.113.7"));
        using var second = budget.Open(Peer(2), IPAddress.Parse("203.0.113.250"));
        using var elsewhere = budget.Open(Peer(3), IPAddress.Parse("203.0.114.7"));
        using var loopback = budget.Open(Peer(4), IPAddress.Loopback);

        Assert.True(first.TryTakeBytes(300));
        Assert.False(second.TryTakeBytes(201));
        Assert.True(elsewhere.TryTakeBytes(201));
        Assert.True(loopback.TryTakeBytes(201));
        Assert.Equal(702, budget.UnreadBytes);
    }

    [Fact]
    public void TryTake_OverTheHosts_IsRefusedToAllUntilSomeIsGivenBack()
    {
        var budget = new ResourceBudget(Limits);
        var shares = Enumerable.Range(1, 4).Select(i => budget.Open(Peer(i), null)).ToList();

        Assert.All(shares.Take(3), share => Assert.True(share.TryTakeBytes(300)));
        Assert.False(shares[3].TryTakeBytes(101));
        shares[0].GiveBackBytes(1);
        Assert.True(shares[3].TryTakeBytes(101));
        Assert.Equal(1000, budget.UnreadBytes);

        shares.ForEach(share => share.Dispose());
        Assert.Equal((0, 0), (budget.UnreadBytes, budget.Holders));
    }

    [Fact]
    public void GiveBack_AfterDispose_CountsNotTwice()
    {
        var budget = new ResourceBudget(Limits);
        var share = budget.Open(Peer(1), IPAddress.Parse("203.0.113.7"));
        Assert.True(share.TryTakeBytes(300) && share.TryTakeStream());

        share.Dispose();
        share.GiveBackBytes(300);
        share.GiveBackStream();
        share.Dispose();

        Assert.Equal((0, 0, 0), (budget.UnreadBytes, budget.Streams, budget.Holders));
        Assert.False(share.TryTakeBytes(1) || share.TryTakeStream());
    }

    [Fact]
    public async Task UnreadBytes_OverTheHosts_ResetTheStreamOfWhoeverPassesThem()
    {
        var network = new MemoryNetwork(TimeProvider.System);
        await using var hub = await HostFixture.StartMemoryAsync(network, "hub", TimeProvider.System, options => options with { Limits = new P2PLimits { MaxUnreadBytes = 300_000 } });
        hub.Handle("/full", StreamClass.Control, (_, token) => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token));
        await using var first = await HostFixture.StartMemoryAsync(network, "first", TimeProvider.System);
        await using var second = await HostFixture.StartMemoryAsync(network, "second", TimeProvider.System);
        await first.ConnectAsync(HostFixture.AddressOf(hub), CancellationToken.None);
        await second.ConnectAsync(HostFixture.AddressOf(hub), CancellationToken.None);
        await using var patient = await FillAsync(first);
        await first.PingAsync(hub.Id, CancellationToken.None).Within("the arrival of the first bytes");
        await using var refused = await FillAsync(second);

        await Assert.ThrowsAsync<Skein.P2P.Errors.P2PException>(() => refused.ReadAsync(new byte[1]).AsTask().Within("the reset"));

        // Room again.
        patient.Reset();
        await first.PingAsync(hub.Id, CancellationToken.None).Within("the arrival of the reset");
        await using var taken = await FillAsync(second);
        await second.PingAsync(hub.Id, CancellationToken.None).Within("a sign of life");
        Assert.Equal([7], await HostFixture.EchoAsync(second, hub.Id, [7]));
        var read = taken.ReadAsync(new byte[1]).AsTask();
        await second.PingAsync(hub.Id, CancellationToken.None).Within("another sign of life");
        Assert.False(read.IsCompleted);

        async Task<P2PStream> FillAsync(P2PHost from)
        {
            var stream = await from.NewStreamAsync(hub.Id, "/full", StreamClass.Control, CancellationToken.None);
            await stream.WriteAsync(new byte[200_000]).AsTask().Within("the writing of what nobody reads");
            return stream;
        }
    }

    private static PeerId Peer(int i) => PeerKey.FromSeed(Enumerable.Repeat((byte)i, 32).ToArray()).PeerId;
}
