using System.Collections.Frozen;
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

    // Those of them that may lead anywhere, because the operator or a peer nearby gave them.
    internal IReadOnlySet<Multiaddr> Given { get; init; } = FrozenSet<Multiaddr>.Empty;

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

    /// <summary>Where one of the addresses may lead if it is a name.</summary>
    internal AddressScope ScopeOf(Multiaddr address) => Given.Contains(address) ? AddressScope.Anywhere : AddressScope.Public;

    /// <summary>The same with these addresses before or behind those known.</summary>
    /// <param name="addresses">Addresses, newest first.</param>
    /// <param name="scope">By whose word they are; an address once given stays so.</param>
    /// <param name="first">Whether they go first.</param>
    /// <param name="max">Most addresses; the last are forgotten.</param>
    internal KnownPeer With(IReadOnlyList<Multiaddr> addresses, AddressScope scope, bool first, int max)
    {
        List<Multiaddr> all = [.. (first ? addresses.Concat(Addresses) : Addresses.Concat(addresses)).Distinct().Take(max)];
        var given = scope == AddressScope.Anywhere ? Given.Concat(addresses) : Given;
        return this with { Addresses = all, Given = given.Intersect(all).ToHashSet() };
    }
}
