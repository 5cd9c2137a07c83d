using Skein.P2P.Addressing;
using Skein.P2P.Identity;

namespace Skein.P2P.Connections;

/// <summary>What is known of a peer. Immutable; ask the store again for news.</summary>
public sealed record KnownPeer
{
    /// <summary>The peer.</summary>
    public required PeerId Id { get; init; }

    /// <summary>Where it may be reached, surest first: hints, until a dial proves them.</summary>
    public IReadOnlyList<Multiaddr> Addresses { get; init; } = [];

    /// <summary>What it says it speaks; null before it said.</summary>
    public IReadOnlyList<string>? Protocols { get; init; }

    /// <summary>Which network it says it belongs to.</summary>
    public string? ProtocolVersion { get; init; }

    /// <summary>Which program it says it runs.</summary>
    public string? AgentVersion { get; init; }

    /// <summary>Its newest sealed peer record, checked; null if it sent none.</summary>
    public ReadOnlyMemory<byte>? SealedRecord { get; init; }

    /// <summary>Sequence of that record.</summary>
    public ulong RecordSequence { get; init; }
}
