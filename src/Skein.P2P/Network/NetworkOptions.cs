using Skein.P2P.Addressing;
using Skein.P2P.AutoNat;
using Skein.P2P.Connections;
using Skein.P2P.HolePunching;
using Skein.P2P.Identity;
using Skein.P2P.Kademlia;
using Skein.P2P.Reachability;
using Skein.P2P.Relay;
using Skein.P2P.Transports.Tcp;

namespace Skein.P2P.Network;

/// <summary>How a node takes part in the network. Immutable.</summary>
public sealed record NetworkOptions
{
    /// <summary>Who it is; the node does not dispose it.</summary>
    public required PeerKey Key { get; init; }

    /// <summary>Where it listens: TCP, and WebSocket on the same port. None for a client.</summary>
    public IReadOnlyList<Multiaddr> Listen { get; init; } = [];

    /// <summary>How TCP is used, and who serves what else arrives at the port that is listened on.</summary>
    public TcpTransportOptions Tcp { get; init; } = new();

    /// <summary>Addresses to tell others besides those listened on: of a forwarded port, of a name.</summary>
    public IReadOnlyList<Multiaddr> Announce { get; init; } = [];

    /// <summary>Nodes of first contact, with their peer ids; none for the first anchor of a network.</summary>
    public IReadOnlyList<Multiaddr> Anchors { get; init; } = [];

    /// <summary>Whether it serves the DHT: only nodes that others can reach should.</summary>
    public KademliaMode Dht { get; init; } = KademliaMode.Client;

    /// <summary>What it carries for peers that cannot reach each other; null to carry nothing. Peers of the same network, by their own word, are of <see cref="RelayClass.Swarm"/> where the options say <see cref="RelayClass.Signal"/>; whom the options refuse stays refused.</summary>
    public RelayServerOptions? Relay { get; init; }

    /// <summary>How it keeps places at the anchors' relays, when it finds that a router stands before it.</summary>
    public RelayClientOptions Places { get; init; } = new();

    /// <summary>How it looks for direct ways to peers that it meets through a relay.</summary>
    public HolePunchOptions HolePunching { get; init; } = new();

    /// <summary>How it finds out whether strangers reach it: it then tells the addresses that they do, and serves the DHT and others' questions of the same kind. Null to find out nothing.</summary>
    public ReachabilityOptions? Reachability { get; init; }

    /// <summary>Whether it asks the home router for a port, if it listens behind one.</summary>
    public bool MapPort { get; init; }

    /// <summary>How it tells others whether they can be reached, from the start; null to do so only once it has found itself reachable.</summary>
    public AutoNatServerOptions? AutoNat { get; init; }

    /// <summary>Limits of the host.</summary>
    public P2PLimits Limits { get; init; } = new();
}
