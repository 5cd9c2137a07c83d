using Skein.Core.Identity;
using Skein.P2P.Addressing;
using Skein.P2P.Identity;
using Skein.P2P.Kademlia;
using Skein.P2P.Network;
using Skein.Swarm.Discovery;
using Skein.Swarm.Tests.Fakes;

namespace Skein.Swarm.Tests.Discovery;

/// <summary>Hosts of a model and those who look for them, over libp2p on loopback.</summary>
public sealed class DiscoveryTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);
    private static readonly Sha256Digest Model = Sha256Digest.Compute("model"u8);

    [Fact]
    public async Task Source_FindsWhoAnnouncesTheModelAndNobodyElse()
    {
        await using var anchor = await StartAsync([], KademliaMode.Server);
        await using var host = await StartAsync(anchor.Addresses, KademliaMode.Client);
        await using var other = await StartAsync(anchor.Addresses, KademliaMode.Client);
        await using var seeker = await StartAsync(anchor.Addresses, KademliaMode.Client, listens: false);
        await using var source = new DhtChainSource(seeker.Host, seeker.Dht, Model, TimeProvider.System);
        Assert.Empty(source.Peers);

        await using var announcer = new ModelAnnouncer(host.Dht, Model, TimeProvider.System);
        await using var stranger = new ModelAnnouncer(other.Dht, Sha256Digest.Compute("another"u8), TimeProvider.System);
        await announcer.Announced.WaitAsync(Bound);
        await stranger.Announced.WaitAsync(Bound);

        await Eventually.TrueAsync(() => source.Peers.Count == 1, () => $"the host was found; known are {string.Join(", ", source.Peers)}");
        var found = Assert.Single(source.Peers);
        Assert.Equal(host.Host.Id.ToString(), found.Id);
        Assert.Contains(host.Host.Addresses[0].ToString(), found.Addresses);
    }

    [Fact]
    public async Task Announcer_WithoutAnAnchorThere_GoesOnTryingAndEndsAtOnce()
    {
        using var nobody = PeerKey.Generate();
        await using var host = await StartAsync([Multiaddr.Parse("/ip4/127.0.0.1/tcp/9").WithPeerId(nobody.PeerId)], KademliaMode.Client);
        var announcer = new ModelAnnouncer(host.Dht, Model, TimeProvider.System);

        Assert.False(announcer.Announced.IsCompleted);
        await announcer.DisposeAsync().AsTask().WaitAsync(Bound);
        Assert.False(announcer.Announced.IsCompleted);
    }

    [Fact]
    public void KeyOf_IsTheMultihashOfTheWirePage()
        => Assert.Equal("1220" + Sha256Digest.Compute(System.Text.Encoding.UTF8.GetBytes($"/skein/model/{Model}")), Convert.ToHexStringLower(ModelDirectory.KeyOf(Model)));

    private static Task<NetworkNode> StartAsync(IReadOnlyList<Multiaddr> anchors, KademliaMode mode, bool listens = true)
        => NetworkNode.StartAsync(
            new NetworkOptions { Key = PeerKey.Generate(), Listen = listens ? [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")] : [], Anchors = anchors, Dht = mode },
            TimeProvider.System,
            CancellationToken.None);
}
