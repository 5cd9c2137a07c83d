using System.Net;
using Skein.Core.Identity;
using Skein.Engine.Lanes;
using Skein.P2P.Addressing;
using Skein.P2P.Identity;
using Skein.Swarm.Transport;

namespace Skein.Node;

/// <summary>What one node hosts, and where.</summary>
public sealed record NodeOptions
{
    /// <summary>Tokens of all sessions together; 16,384 tokens of SmolLM2's ten blocks take about 66 MB as q8_0.</summary>
    public const int DefaultKvTokens = 16384;

    /// <summary>A name in a store or a GGUF file.</summary>
    public required string Model { get; init; }

    /// <summary>Blocks to host.</summary>
    public required BlockSpan Span { get; init; }

    /// <summary>Where to listen; port 0 takes any free one.</summary>
    public required IPEndPoint Listen { get; init; }

    /// <summary>Who the node is: it speaks libp2p, encrypted and proven. Null speaks plain TCP, for networks that are trusted.</summary>
    public PeerKey? Identity { get; init; }

    /// <summary>Nodes of first contact, by which gateways find this node: multiaddrs with peer ids. Only with an identity; empty for those who name the node themselves.</summary>
    public IReadOnlyList<Multiaddr> Anchors { get; init; } = [];

    /// <summary>Whether the home router is asked to lead a port here (UPnP, NAT-PMP, PCP); only with an identity, and where a router stands before.</summary>
    public bool MapPort { get; init; } = true;

    /// <summary>What others see.</summary>
    public required string Name { get; init; }

    /// <summary>KV tokens of all sessions together.</summary>
    public int KvTokens { get; init; } = DefaultKvTokens;

    /// <summary>Compute threads.</summary>
    public int Threads { get; init; } = ComputeLanes.DefaultThreads();

    /// <summary>What the node's streams pass through, such as a line that pretends to be slow; null for nothing.</summary>
    public Func<IRingTransport, IRingTransport>? Line { get; init; }
}
