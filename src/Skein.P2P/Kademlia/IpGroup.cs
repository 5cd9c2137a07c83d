using System.Net;
using System.Net.Sockets;

namespace Skein.P2P.Kademlia;

/// <summary>The neighbourhood of an address: /24 of IPv4, /48 of IPv6. Whoever rents one block of addresses counts as one. Of private networks each machine counts for itself:
/// a home or a company is one /24 full of different machines, and no stranger rents there.</summary>
public static class IpGroup
{
    /// <summary>Names the neighbourhood; null for addresses that no stranger shares (loopback, link-local), which have no limits.</summary>
    public static string? Of(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }

        if (IPAddress.IsLoopback(address) || address.IsIPv6LinkLocal)
        {
            return null;
        }

        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        if (IsPrivate(address, bytes))
        {
            return address.ToString();
        }

        return address.AddressFamily == AddressFamily.InterNetwork
            ? $"{bytes[0]}.{bytes[1]}.{bytes[2]}"
            : Convert.ToHexStringLower(bytes[..6]);
    }

    // RFC 1918, RFC 3927, RFC 6598, RFC 4193.
    private static bool IsPrivate(IPAddress address, ReadOnlySpan<byte> bytes)
        => address.AddressFamily == AddressFamily.InterNetwork
            ? bytes[0] switch
            {
                10 => true,
                100 => bytes[1] is >= 64 and < 128,
                169 => bytes[1] == 254,
                172 => bytes[1] is >= 16 and < 32,
                192 => bytes[1] == 168,
                _ => false,
            }
            : address.IsIPv6UniqueLocal;
}
