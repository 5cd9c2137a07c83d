using System.Net;
using Skein.P2P.Addressing;
using Skein.P2P.Records;

namespace Skein.P2P.Connections;

/// <summary>Peers behind the same router: they meet through a relay far away, and the shortest way between them is their own network.</summary>
/// <remarks>
/// That a peer has our public address is its own word. Whoever lies makes this host open plain TCP connections to a few private addresses, over which it sends the
/// fixed first line of a negotiation, and of whose outcome the liar hears nothing; so neither names nor WebSockets, whose path a liar could choose, are dialled for it.
/// </remarks>
internal static class SharedHome
{
    /// <summary>Whether one of the addresses has the same public IP address as this host.</summary>
    /// <param name="host">This host: what it announces, and how those see it whom it called.</param>
    /// <param name="told">Addresses of the peer.</param>
    public static bool IsSharedBy(P2PHost host, IEnumerable<Multiaddr> told)
    {
        var theirs = PublicIpsOf(told).ToHashSet();
        return theirs.Count > 0 && PublicIpsOf(host.Connections.Where(connection => connection.IsOutbound && !connection.IsRelayed).Select(connection => connection.ObservedAddress).OfType<Multiaddr>()
            .Concat(host.Addresses)).Any(theirs.Contains);
    }

    /// <summary>The private addresses that a peer has sealed, for a call within the home; those that this host has itself lead nowhere else.</summary>
    /// <param name="host">This host.</param>
    /// <param name="peer">What is known of the peer.</param>
    /// <param name="max">Most addresses.</param>
    public static IReadOnlyList<Multiaddr> AddressesOf(P2PHost host, KnownPeer? peer, int max)
        => peer?.SealedRecord is { } encoded && PeerRecord.TryOpen(encoded.Span, out var record)
            ? [.. record.Addresses.Select(address => address.WithoutPeerId()).Where(address => !IpScope.IsPublic(address) && IpScope.Allows(AddressScope.Home, address)).Except(host.Addresses).Take(max)]
            : [];

    private static IEnumerable<IPAddress> PublicIpsOf(IEnumerable<Multiaddr> addresses)
        => addresses.Where(address => !address.IsRelayed).Select(address => address.TcpEndPoint?.Address).OfType<IPAddress>().Where(IpScope.IsPublic);
}
