using Skein.P2P.Addressing;
using Skein.P2P.Identity;
using Skein.P2P.Yamux;

namespace Skein.P2P.Connections;

/// <summary>What a host is. Immutable.</summary>
public sealed record P2PHostOptions
{
    /// <summary>Who it is; the host does not dispose it.</summary>
    public required PeerKey Key { get; init; }

    /// <summary>Where it listens; none for a client.</summary>
    public IReadOnlyList<Multiaddr> Listen { get; init; } = [];

    /// <summary>Addresses to tell others besides those listened on: of a mapped port, of a name.</summary>
    public IReadOnlyList<Multiaddr> Announce { get; init; } = [];

    /// <summary>Which network: peers of another are still spoken to.</summary>
    public string ProtocolVersion { get; init; } = "/skein/1";

    /// <summary>Which program.</summary>
    public string AgentVersion { get; init; } = "skein/0.1.0";

    /// <summary>Whether the muxer is agreed on within the handshake, which saves a round trip. Off only to test the long way.</summary>
    public bool EarlyMuxer { get; init; } = true;

    /// <summary>Whether bulk streams to a peer with urgent ones get a connection of their own, so that a lost bulk packet holds up no decode message.</summary>
    public bool SeparateBulk { get; init; } = true;

    /// <summary>Limits.</summary>
    public P2PLimits Limits { get; init; } = new();

    /// <summary>Limits and times of each connection's muxer.</summary>
    public YamuxOptions Yamux { get; init; } = new();
}
