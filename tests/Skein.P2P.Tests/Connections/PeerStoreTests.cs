using Skein.P2P.Addressing;
using Skein.P2P.Connections;
using Skein.P2P.Identify;
using Skein.P2P.Identity;
using Skein.P2P.Records;
using Skein.P2P.Transports.Memory;

namespace Skein.P2P.Tests.Connections;

public sealed class PeerStoreTests
{
    private static readonly PeerKey Alice = PeerKey.FromSeed(Enumerable.Repeat((byte)1, 32).ToArray());
    private static readonly Multiaddr Here = Multiaddr.Parse("/ip4/1.2.3.4/tcp/1");
    private static readonly Multiaddr There = Multiaddr.Parse("/ip4/1.2.3.4/tcp/2");

    [Fact]
    public void AddAddresses_OverTheLimit_KeepsTheNewest()
    {
        var store = new PeerStore(new P2PLimits { MaxAddressesPerPeer = 2 });
        store.AddAddresses(Alice.PeerId, Here);
        store.AddAddresses(Alice.PeerId, There.WithPeerId(Alice.PeerId));
        store.AddAddresses(Alice.PeerId, Multiaddr.Parse("/ip4/1.2.3.4/tcp/3"));

        Assert.Equal(["/ip4/1.2.3.4/tcp/3", "/ip4/1.2.3.4/tcp/2"], store.Find(Alice.PeerId)!.Addresses.Select(address => address.ToString()));
    }

    [Fact]
    public void AddAddresses_TooManyPeers_ForgetsTheOldest()
    {
        var store = new PeerStore(new P2PLimits { MaxKnownPeers = 3 });
        var keys = Enumerable.Range(0, 5).Select(_ => PeerKey.Generate()).ToList();
        keys.ForEach(key => store.AddAddresses(key.PeerId, Here));

        Assert.Equal(keys.AsEnumerable().Reverse().Take(3).Select(key => key.PeerId), store.All.Select(peer => peer.Id));
        keys.ForEach(key => key.Dispose());
    }

    [Fact]
    public void AddAddresses_TooManyPeers_ForgetsThoseThatAreKeptLast()
    {
        var keys = Enumerable.Range(0, 6).Select(_ => PeerKey.Generate()).ToList();
        var kept = new HashSet<PeerId> { keys[0].PeerId, keys[2].PeerId };
        var store = new PeerStore(new P2PLimits { MaxKnownPeers = 3 }, kept.Contains);
        keys.ForEach(key => store.AddAddresses(key.PeerId, Here));

        Assert.Equal(3, store.All.Count);
        Assert.Equal(keys.Where((_, i) => i is 0 or 2 or 5).Select(key => key.PeerId).ToHashSet(), store.All.Select(peer => peer.Id).ToHashSet());

        // All are kept, and the bound holds all the same.
        kept.UnionWith(keys.Select(key => key.PeerId));
        store.AddAddresses(keys[1].PeerId, Here);
        Assert.Equal(3, store.All.Count);
        Assert.NotNull(store.Find(keys[1].PeerId));
        keys.ForEach(key => key.Dispose());
    }

    [Fact]
    public async Task KnownPeers_ConnectedOnes_OutliveAFloodOfNames()
    {
        var network = new MemoryNetwork(TimeProvider.System);
        await using var hub = await HostFixture.StartMemoryAsync(network, "hub", TimeProvider.System, options => options with { Limits = new P2PLimits { MaxKnownPeers = 8 } });
        await using var guest = await HostFixture.StartMemoryAsync(network, "guest", TimeProvider.System);
        await guest.ConnectAsync(HostFixture.AddressOf(hub), CancellationToken.None);
        await Waiting.Until(() => hub.Peers.Find(guest.Id)?.Protocols is not null, "the guest's word");
        for (var i = 0; i < 20; i++)
        {
            using var key = PeerKey.Generate();
            hub.Peers.AddAddresses(key.PeerId, Here);
        }

        Assert.NotNull(hub.Peers.Find(guest.Id)?.Protocols);
        Assert.Equal(8, hub.Peers.All.Count);
    }

    [Fact]
    public void Learn_SealedRecord_IsTakenOnlyIfNewerAndGenuine()
    {
        var store = new PeerStore(new P2PLimits());
        using var other = PeerKey.Generate();
        store.Learn(Alice.PeerId, new IdentifyMessage { SignedPeerRecord = new PeerRecord(Alice.PeerId, 5, [Here]).Seal(Alice).Encode() }, AddressScope.Public);
        Assert.Equal(5UL, store.Find(Alice.PeerId)!.RecordSequence);

        store.Learn(Alice.PeerId, new IdentifyMessage { SignedPeerRecord = new PeerRecord(Alice.PeerId, 4, [There]).Seal(Alice).Encode() }, AddressScope.Public);
        store.Learn(Alice.PeerId, new IdentifyMessage { SignedPeerRecord = new PeerRecord(other.PeerId, 9, [There]).Seal(other).Encode() }, AddressScope.Public);

        Assert.Equal(5UL, store.Find(Alice.PeerId)!.RecordSequence);
        Assert.Equal([Here], store.Find(Alice.PeerId)!.Addresses);
    }

    [Fact]
    public void Learn_PushWithoutAField_LeavesItUnchanged()
    {
        var store = new PeerStore(new P2PLimits());
        store.Learn(Alice.PeerId, new IdentifyMessage { Protocols = ["/a"], AgentVersion = "x" }, AddressScope.Public);
        store.Learn(Alice.PeerId, new IdentifyMessage { Protocols = ["/b"] }, AddressScope.Public);

        Assert.Equal(["/b"], store.Find(Alice.PeerId)!.Protocols!);
        Assert.Equal("x", store.Find(Alice.PeerId)!.AgentVersion);
    }
}
