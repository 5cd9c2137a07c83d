using Skein.P2P.Addressing;
using Skein.P2P.Connections;
using Skein.P2P.Errors;
using Skein.P2P.Identity;
using Skein.P2P.Relay;
using Skein.P2P.Transports;
using Skein.P2P.Transports.Memory;

namespace Skein.P2P.Tests.Connections;

/// <summary>Addresses that others told, and where they may send this host.</summary>
public sealed class ToldAddressTests
{
    private const string Public = "/ip4/8.8.4.4/tcp/4001";
    private const string Named = "/dns4/node.example.org/tcp/443/tls/ws";
    private const string AtHome = "/ip4/192.168.1.5/tcp/4001";
    private const string WebAtHome = "/ip4/192.168.1.5/tcp/80/http-path/admin/ws";
    private const string Here = "/ip4/127.0.0.1/tcp/4001";

    private static readonly CancellationToken None = CancellationToken.None;

    [Theory]
    [InlineData("/ip4/8.8.8.8/tcp/1", null, Public, Named)] // a peer far away
    [InlineData("/ip4/192.168.1.9/tcp/1", null, Public, Named, AtHome, WebAtHome, Here)] // one of this network
    [InlineData("/ip4/127.0.0.1/tcp/1", null, Public, Named, AtHome, WebAtHome, Here)] // one of this machine
    [InlineData("/ip4/8.8.8.8/tcp/1", "/ip4/8.8.8.8/tcp/7", Public, Named, AtHome)] // out through our router and in again
    [InlineData("/ip4/9.9.9.9/tcp/1/p2p-circuit", null, Public, Named)] // through a relay
    [InlineData("/ip4/9.9.9.9/tcp/1/p2p-circuit", "/ip4/9.9.9.9/tcp/7", Public, Named)] // through a relay in our home: the peer need not be there
    [InlineData("/ip4/9.9.9.9/tcp/1/p2p-circuit", "/ip4/8.8.4.4/tcp/7", Public, Named, AtHome)] // through a relay, with our own public address
    public async Task Identify_AddressesOfAPeer_AreTakenByWhereItIs(string from, string? own, params string[] taken)
    {
        var network = new MemoryNetwork(TimeProvider.System);
        await using var near = await HostFixture.StartMemoryAsync(network, "near", TimeProvider.System, options => options with { Announce = own is null ? [] : [Multiaddr.Parse(own)] });
        await using var teller = await HostFixture.StartMemoryAsync(network, "teller", TimeProvider.System, options => options with { Listen = [], Announce = [.. new[] { Public, Named, AtHome, WebAtHome, Here }.Select(Multiaddr.Parse)] });
        var remote = Multiaddr.Parse(from);
        var (here, there) = MemoryDuplexStream.CreatePair(TimeProvider.System, TimeSpan.Zero);
        var calling = teller.AdoptAsync(new RawConnection(there, Multiaddr.Parse("/memory/near"), null), outbound: true, near.Id, None);
        await near.AdoptAsync(new RawConnection(here, remote, remote.IsRelayed ? null : remote.TcpEndPoint!.Address), outbound: false, null, None).Within("the handshake");
        await calling.Within("the handshake at its other end");

        await Waiting.Until(() => near.Peers.Find(teller.Id)?.Protocols is not null, "the peer's word");

        Assert.Equal(taken, near.Peers.Find(teller.Id)!.Addresses.Select(address => address.ToString()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("/http-path/admin/ws")]
    public async Task Dial_OfANameThatStandsForAPrivateAddress_IsTheOperatorsAlone(string rest)
    {
        await using var far = await HostFixture.StartTcpAsync();
        await using var near = await HostFixture.StartTcpAsync(listen: false);
        var arrived = 0;
        far.ConnectionOpened += (_, _) => Interlocked.Increment(ref arrived);
        var name = Multiaddr.Parse($"/dns4/localhost/tcp/{far.Addresses[0].TcpEndPoint!.Port}{rest}");
        near.Peers.AddHints(far.Id, name);

        var fault = await Assert.ThrowsAsync<P2PException>(() => near.ConnectAsync(far.Id, None).Within("the refusal"));
        Assert.Equal(P2PError.DialFailed, fault.Error);
        Assert.Contains("private address", fault.ToString(), StringComparison.Ordinal);
        Assert.Equal(0, Volatile.Read(ref arrived));

        near.Peers.AddHints(far.Id, AddressScope.Anywhere, [name]);
        await near.ConnectAsync(far.Id, None).Within("the dial");
    }

    [Fact]
    public async Task Dial_ThroughARelayWhoseNameStandsForAPrivateAddress_IsRefused()
    {
        await using var far = await HostFixture.StartTcpAsync();
        await using var near = await HostFixture.StartTcpAsync(listen: false);
        await using var relays = new RelayClient(near, new RelayClientOptions(), TimeProvider.System);
        using var target = PeerKey.Generate();
        near.Peers.AddHints(target.PeerId, CircuitAddress.Through(Multiaddr.Parse($"/dns4/localhost/tcp/{far.Addresses[0].TcpEndPoint!.Port}"), far.Id));

        await Assert.ThrowsAsync<P2PException>(() => near.ConnectAsync(target.PeerId, None).Within("the refusal"));

        Assert.Empty(near.Connections);
    }

    [Fact]
    public void Scope_OfAName_GrowsByTheOperatorsWordAlone()
    {
        var store = new PeerStore(new P2PLimits { MaxAddressesPerPeer = 2 });
        using var key = PeerKey.Generate();
        var name = Multiaddr.Parse(Named);
        store.AddHints(key.PeerId, name);
        store.Confirm(key.PeerId, name, AddressScope.Public);
        Assert.Equal(AddressScope.Public, store.Find(key.PeerId)!.ScopeOf(name));

        store.AddAddresses(key.PeerId, name.WithPeerId(key.PeerId));
        store.AddHints(key.PeerId, name);
        Assert.Equal(AddressScope.Anywhere, store.Find(key.PeerId)!.ScopeOf(name));

        // What is forgotten is not trusted when it comes back.
        store.AddAddresses(key.PeerId, Multiaddr.Parse(AtHome), Multiaddr.Parse(Here));
        store.Confirm(key.PeerId, name, AddressScope.Public);
        Assert.Equal(AddressScope.Public, store.Find(key.PeerId)!.ScopeOf(name));
        Assert.Single(store.Find(key.PeerId)!.Given);
    }
}
