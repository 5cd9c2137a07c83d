using System.Net;
using System.Net.Sockets;

namespace Skein.P2P.Kademlia;

/// <summary>The neighbourhood of an address: /24 of IPv4, /48 of IPv6. Whoever rents one block of addresses counts as one.</summary>
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
        return address.AddressFamily == AddressFamily.InterNetwork
            ? $"{bytes[0]}.{bytes[1]}.{bytes[2]}"
            : Convert.ToHexStringLower(bytes[..6]);
    }
}
