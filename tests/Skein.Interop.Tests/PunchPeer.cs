using Skein.P2P.Addressing;
using Skein.P2P.Connections;
using Skein.P2P.HolePunching;
using Skein.P2P.Relay;
using Skein.P2P.Transports.Tcp;

namespace Skein.Interop.Tests;

/// <summary>A peer of this library that takes part in relaying and in the search for direct ways.</summary>
internal sealed class PunchPeer : IAsyncDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    // A busy machine answers late; where nobody answers here, that is told at once.
    private static readonly HolePunchOptions Patient = new()
    {
        ReversalTimeout = TimeSpan.FromSeconds(30),
        AddressTimeout = TimeSpan.FromSeconds(30),
        MessageTimeout = TimeSpan.FromSeconds(30),
        DialTimeout = TimeSpan.FromSeconds(20),
        Grace = TimeSpan.FromMilliseconds(200),
    };

    private readonly RelayClient _relays;
    private readonly RelayServer? _server;
    private readonly HolePuncher _puncher;
    private readonly TaskCompletionSource<HolePunchOutcome> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private PunchPeer(P2PHost host, TcpTransport tcp, bool relays)
    {
        Host = host;
        _relays = new RelayClient(host, new RelayClientOptions(), TimeProvider.System);
        _server = relays ? new RelayServer(host, new RelayServerOptions { ClassOf = _ => RelayClass.Swarm, RatePerPeer = 0 }, TimeProvider.System) : null;
        _puncher = new HolePuncher(host, tcp, Patient, TimeProvider.System);
        _puncher.Ended += (_, e) => _ended.TrySetResult(e.Outcome);
    }

    public P2PHost Host { get; }

    public Multiaddr Address => Host.Addresses[0].WithPeerId(Host.Id);

    /// <summary>How its first search for a direct way ended.</summary>
    public Task<HolePunchOutcome> Outcome => _ended.Task.WaitAsync(Bound);

    public static async Task<PunchPeer> StartAsync(string ip, Multiaddr[]? announce = null, bool relays = false)
    {
        var tcp = new TcpTransport(new TcpTransportOptions(), TimeProvider.System);
        return new PunchPeer(await InteropHost.StartAsync(options => options with { Listen = [Multiaddr.Parse($"/ip4/{ip}/tcp/0")], Announce = announce ?? [] }, tcp), tcp, relays);
    }

    /// <summary>Wins a place at a relay.</summary>
    /// <returns>Where others reach it through the relay.</returns>
    public async Task<Multiaddr> KeepAsync(Multiaddr relay)
    {
        Host.Peers.AddAddresses(relay.PeerId!, relay);
        var won = new TaskCompletionSource<RelayPlace>(TaskCreationOptions.RunContinuationsAsynchronously);
        _relays.PlaceChanged += (_, e) => won.TrySetResult(e.Place);
        Assert.True(_relays.Keep(relay.PeerId!));
        var place = await won.Task.WaitAsync(Bound);
        Assert.True(place.Reservation is not null, place.Fault);
        return place.Addresses[0].WithPeerId(Host.Id);
    }

    public async ValueTask DisposeAsync()
    {
        await _puncher.DisposeAsync();
        await _relays.DisposeAsync();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        await Host.DisposeAsync();
    }
}
