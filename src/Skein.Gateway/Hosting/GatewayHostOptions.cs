using System.Net;
using Skein.Engine.Lanes;
using Skein.Gateway.OnePort;
using Skein.P2P.Addressing;
using Skein.P2P.Identity;
using Skein.Swarm.Transport;

namespace Skein.Gateway.Hosting;

/// <summary>What one gateway process serves, and where.</summary>
public sealed record GatewayHostOptions
{
    /// <summary>A name in a store or a GGUF file.</summary>
    public required string Model { get; init; }

    /// <summary>The nodes that hold its blocks: all on plain TCP, or all on libp2p (addresses that are multiaddrs). Which blocks each hosts, it says itself.</summary>
    public IReadOnlyList<PeerAddress> Peers { get; init; } = [];

    /// <summary>Nodes of first contact, by which the nodes that hold the model are found: multiaddrs with peer ids. Either these or <see cref="Peers"/>.</summary>
    public IReadOnlyList<Multiaddr> Anchors { get; init; } = [];

    /// <summary>Whether peers are reached by libp2p.</summary>
    public bool UsesLibp2p => Anchors.Count > 0 || Peers.Any(peer => peer.Addresses.Any(address => address.StartsWith('/')));

    /// <summary>Where to listen; port 0 takes any free one. Where peers are reached by libp2p, peers may come by this port too.</summary>
    public required IPEndPoint Listen { get; init; }

    /// <summary>Whether rows travel as float16: half the bytes, no longer bit-exact.</summary>
    public bool HalfPrecision { get; init; }

    /// <summary>Compute threads for embedding and head.</summary>
    public int Threads { get; init; } = ComputeLanes.DefaultThreads();

    /// <summary>Keys of which a client must send one; empty lets everybody in.</summary>
    public IReadOnlyList<string> ApiKeys { get; init; } = [];

    /// <summary>Serves HTTPS; null for none. At a port that is shared with libp2p beside plain HTTP, else instead of it. Borrowed.</summary>
    public GatewayCertificate? Certificate { get; init; }

    /// <summary>Who the gateway is to its peers; null for somebody new each time, so that nobody recognises it. Borrowed.</summary>
    public PeerKey? Identity { get; init; }

    /// <summary>What the gateway's streams to its nodes pass through, such as a line that pretends to be slow; null for nothing.</summary>
    public Func<IRingTransport, IRingTransport>? Line { get; init; }
}
