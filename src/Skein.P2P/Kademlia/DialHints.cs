using Skein.P2P.Addressing;
using Skein.P2P.Connections;

namespace Skein.P2P.Kademlia;

/// <summary>Which addresses one peer may tell another. Stateless.</summary>
/// <remarks>A peer on the internet has nothing to say about addresses of our home or our own machine: dialling those for it would make us its tool.</remarks>
public static class DialHints
{
    /// <summary>Addresses of one peer that are taken and told: direct ones of both families, and a few over relays.</summary>
    public const int MaxAddresses = 8;

    // An address over a relay with both peer ids takes some 130 bytes.
    private const int MaxAddressBytes = 256;

    /// <summary>Whether the other end is on this machine or this network, so that addresses which mean something only there are of use.</summary>
    public static bool IsNear(P2PConnection connection)
        => connection.RemoteIp is { } ip ? !IpScope.IsPublic(ip) : !connection.IsRelayed;

    /// <summary>The addresses that may pass between us and a peer.</summary>
    /// <param name="addresses">All.</param>
    /// <param name="isNear">See <see cref="IsNear"/>.</param>
    public static IReadOnlyList<Multiaddr> Filter(IEnumerable<Multiaddr> addresses, bool isNear)
        => [.. addresses.Where(address => address.Bytes.Length <= MaxAddressBytes && (isNear || IpScope.IsPublic(address))).Take(MaxAddresses)];
}
