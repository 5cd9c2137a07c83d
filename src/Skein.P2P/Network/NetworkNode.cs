using System.Net;
using Skein.P2P.Addressing;
using Skein.P2P.AutoNat;
using Skein.P2P.Connections;
using Skein.P2P.Errors;
using Skein.P2P.HolePunching;
using Skein.P2P.Identity;
using Skein.P2P.Kademlia;
using Skein.P2P.PortMapping;
using Skein.P2P.Reachability;
using Skein.P2P.Relay;
using Skein.P2P.Transports.Tcp;
using Skein.P2P.Transports.WebSockets;

namespace Skein.P2P.Network;

/// <summary>A node of the network: a host with the services that let peers find and reach each other. Thread-safe.</summary>
public sealed class NetworkNode : IAsyncDisposable
{
    private const string FoundAddresses = "reachability";

    private readonly HashSet<PeerId> _anchors;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private AutoNatClient? _autoNatClient;
    private AutoNatServer? _autoNatServer;
    private KademliaMode _ownMode;
    private Task _leaving = Task.CompletedTask;

    private NetworkNode(P2PHost host, KademliaService dht, RelayClient relays, HolePuncher holePunching, IEnumerable<PeerId> anchors, TimeProvider time)
    {
        _time = time;
        Host = host;
        Dht = dht;
        Relays = relays;
        HolePunching = holePunching;
        _anchors = [.. anchors];
        host.PeerIdentified += OnIdentified;
    }

    /// <summary>Connections and streams.</summary>
    public P2PHost Host { get; }

    /// <summary>Who is where, and who provides what.</summary>
    public KademliaService Dht { get; }

    /// <summary>The way to peers through relays, and the places that keep this node reachable through them.</summary>
    public RelayClient Relays { get; }

    /// <summary>The search for direct ways to peers that were met through a relay, and how it ended.</summary>
    public HolePuncher HolePunching { get; }

    /// <summary>What this node carries for others; null if it carries nothing.</summary>
    public RelayServer? Relay { get; private set; }

    /// <summary>Whether strangers reach this node, and by what address; null if it does not find out.</summary>
    public ReachabilityService? Reachability { get; private set; }

    /// <summary>The home router's port; null if none is asked for.</summary>
    public PortMappingService? Router { get; private set; }

    /// <summary>How others reach this node now: its addresses with its peer id.</summary>
    public IReadOnlyList<Multiaddr> Addresses => [.. Host.Addresses.Select(address => address.WithPeerId(Host.Id))];

    /// <summary>Listens, and begins to join the network; it goes on trying in the background.</summary>
    /// <param name="options">How to take part.</param>
    /// <param name="time">Clock.</param>
    /// <param name="cancellationToken">Gives up before it listens.</param>
    /// <exception cref="P2PException">An address cannot be listened on, or an anchor's address does not name its peer.</exception>
    public static async Task<NetworkNode> StartAsync(NetworkOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        if (options.Anchors.FirstOrDefault(anchor => anchor.PeerId is null) is { } nameless)
        {
            throw new P2PException(P2PError.NoAddress, $"The anchor {nameless} does not name its peer; its address ends with /p2p/12D3Koo....");
        }

        var tcp = new TcpTransport(options.Tcp, time);
        var host = new P2PHost(
            new P2PHostOptions { Key = options.Key, Listen = options.Listen, Announce = options.Announce, Limits = options.Limits },
            [tcp, new WebSocketTransport(tcp)],
            time);
        var dht = new KademliaService(host, new KademliaOptions { Mode = options.Dht }, time);
        var node = new NetworkNode(host, dht, new RelayClient(host, options.Places, time), new HolePuncher(host, tcp, options.HolePunching, time), options.Anchors.Select(anchor => anchor.PeerId!), time);
        try
        {
            await host.StartAsync(cancellationToken);
            // Browsers come by WebSocket, on the same port; told after the plain addresses, which everybody else prefers.
            host.Announce([.. options.Announce, .. host.Addresses.Where(address => address.IsPlainTcp).Select(address => address.Then(new MultiaddrPart(MultiaddrCode.Ws, default)))]);
            if (options.Relay is { } relay)
            {
                node.Relay = new RelayServer(host, relay with { ClassOf = peer => relay.ClassOf(peer) is var given && given == RelayClass.Signal && node.IsOfThisNetwork(peer) ? RelayClass.Swarm : given }, time);
            }

            foreach (var anchor in options.Anchors)
            {
                // The way back into the network is kept, however idle.
                host.Protect(anchor.PeerId!);
            }

            if (options.AutoNat is { } autoNat)
            {
                node.ServeAutoNat(autoNat);
            }

            if (options.Reachability is { } reachability)
            {
                node.FindOut(options, reachability);
            }

            dht.Start(options.Anchors);
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <summary>Leaves the network and closes every connection.</summary>
    public async ValueTask DisposeAsync()
    {
        Host.PeerIdentified -= OnIdentified;
        if (Reachability is not null)
        {
            await Reachability.DisposeAsync();
        }

        await _leaving;
        if (Router is not null)
        {
            await Router.DisposeAsync();
        }

        _autoNatClient?.Dispose();
        _autoNatServer?.Dispose();
        await HolePunching.DisposeAsync();
        await Relays.DisposeAsync();
        if (Relay is not null)
        {
            await Relay.DisposeAsync();
        }

        await Dht.DisposeAsync();
        await Host.DisposeAsync();
    }

    private void ServeAutoNat(AutoNatServerOptions options)
    {
        // Not from the listening port: a home router would take the dial for an answer to the asker's own.
        var tcp = new TcpTransport(new TcpTransportOptions { DialFromListenPort = false }, _time);
        _autoNatServer = new AutoNatServer(Host, [tcp, new WebSocketTransport(tcp)], options, _time);
    }

    private void FindOut(NetworkOptions options, ReachabilityOptions reachability)
    {
        _ownMode = options.Dht;
        _autoNatClient = new AutoNatClient(Host, _time);
        if (options.MapPort)
        {
            Router = HomeRouter.CreateService(Host.ListenAddresses, _time);
        }

        Reachability = new ReachabilityService(Host, _autoNatClient, Router, options.Announce, reachability, _time);
        Reachability.Changed += OnReachabilityChanged;
        Router?.Start();
        Reachability.Start();
    }

    private void OnReachabilityChanged(ReachabilityReport report)
    {
        Host.Announce(FoundAddresses, report.Reachable);
        if (report.State == ReachabilityState.Unknown)
        {
            // Between two answers all stays as it is.
            return;
        }

        var isReachable = report.State == ReachabilityState.Reachable;
        if (isReachable)
        {
            _leaving = LeaveRelaysAsync(_leaving);
        }
        else
        {
            foreach (var anchor in _anchors)
            {
                KeepPlaceAt(anchor);
            }
        }

        Dht.SetMode(isReachable ? KademliaMode.Server : _ownMode);
        lock (_gate)
        {
            if (isReachable && _autoNatServer is null)
            {
                ServeAutoNat(new AutoNatServerOptions());
            }
        }
    }

    // Others need no relay any more; circuits that are open go on.
    private async Task LeaveRelaysAsync(Task before)
    {
        await before;
        foreach (var anchor in _anchors)
        {
            await Relays.ReleaseAsync(anchor);
            Host.Protect(anchor);
        }
    }

    // Hearsay of the peer; it costs at most the rate that each peer has anyway.
    private bool IsOfThisNetwork(PeerId peer) => Host.Peers.Find(peer)?.ProtocolVersion == Host.ProtocolVersion;

    private void OnIdentified(object? sender, P2PConnectionEventArgs e)
    {
        if (_anchors.Contains(e.Connection.Peer) && Reachability?.Report.State != ReachabilityState.Reachable)
        {
            KeepPlaceAt(e.Connection.Peer);
        }
    }

    // An anchor sees us at an address that no card of this machine has: a router stands between, and until it is known to let others in they reach us through the anchor alone.
    private void KeepPlaceAt(PeerId anchor)
    {
        var own = Host.ListenAddresses.Select(address => address.TcpEndPoint?.Address).OfType<IPAddress>().ToHashSet();
        if (own.Count > 0
            && Host.ConnectionsWith(anchor).Any(connection => connection.IsOutbound && !connection.IsRelayed && connection.ObservedAddress?.TcpEndPoint is { } seen && !own.Contains(seen.Address))
            && Host.Peers.Find(anchor)?.Protocols?.Contains(RelayProtocol.HopId, StringComparer.Ordinal) == true)
        {
            try
            {
                Relays.Keep(anchor);
            }
            catch (ObjectDisposedException)
            {
                // The node stops.
            }
        }
    }
}
