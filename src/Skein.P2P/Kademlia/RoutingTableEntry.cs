using System.Net;
using Skein.P2P.Identity;

namespace Skein.P2P.Kademlia;

/// <summary>A peer of the table: it serves the protocol and answered us.</summary>
/// <param name="Id">Who.</param>
/// <param name="Key">Its point.</param>
/// <param name="Group">Its neighbourhood, or null.</param>
/// <param name="LastSeen">When it last answered.</param>
public sealed record RoutingTableEntry(PeerId Id, KadKey Key, string? Group, DateTimeOffset LastSeen)
{
    /// <summary>Describes a peer that answered from an address.</summary>
    public static RoutingTableEntry Create(PeerId id, IPAddress? address, DateTimeOffset now) => new(id, KadKey.Of(id), address is null ? null : IpGroup.Of(address), now);
}
