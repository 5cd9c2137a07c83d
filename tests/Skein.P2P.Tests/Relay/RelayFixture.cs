using Skein.P2P.Connections;
using Skein.P2P.Relay;
using Skein.P2P.Tests.Connections;
using Skein.P2P.Transports.Memory;

namespace Skein.P2P.Tests.Relay;

/// <summary>A relay, a peer with a place at it, and a caller; the called listens nowhere that others can dial.</summary>
internal sealed class RelayFixture : IAsyncDisposable
{
    private readonly List<IAsyncDisposable> _owned = [];

    private RelayFixture()
    {
    }

    public required MemoryNetwork Network { get; init; }

    public required P2PHost Relay { get; init; }

    public required RelayServer Server { get; init; }

    public required P2PHost Called { get; init; }

    public required RelayClient CalledClient { get; init; }

    public required P2PHost Caller { get; init; }

    public static async Task<RelayFixture> CreateAsync(TimeProvider time, RelayServerOptions? options = null, bool reserve = true)
    {
        var network = new MemoryNetwork(time);
        var relay = await HostFixture.StartMemoryAsync(network, "relay", time);
        var server = new RelayServer(relay, options ?? new RelayServerOptions { ClassOf = _ => RelayClass.Swarm, RatePerPeer = 0 }, time);
        var called = await HostFixture.StartMemoryAsync(network, "called", time, own => own with { Listen = [] });
        var calledClient = new RelayClient(called, new RelayClientOptions(), time);
        var caller = await HostFixture.StartMemoryAsync(network, "caller", time, own => own with { Listen = [] });
        var callerClient = new RelayClient(caller, new RelayClientOptions(), time);
        called.Peers.AddAddresses(relay.Id, relay.Addresses);
        caller.Peers.AddAddresses(relay.Id, relay.Addresses);
        caller.Peers.AddAddresses(called.Id, CircuitAddress.Through(relay.Addresses[0], relay.Id));
        var fixture = new RelayFixture { Network = network, Relay = relay, Server = server, Called = called, CalledClient = calledClient, Caller = caller };
        fixture._owned.AddRange([callerClient, caller, calledClient, called, server, relay]);
        if (reserve)
        {
            Assert.True(calledClient.Keep(relay.Id));
            await Waiting.Until(() => called.Addresses.Any(address => address.IsRelayed), "the reservation");
        }

        return fixture;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var owned in _owned)
        {
            await owned.DisposeAsync();
        }
    }
}
