using System.Net;
using System.Net.Sockets;

namespace Skein.P2P.Addressing;

/// <summary>Where an address means something.</summary>
public static class IpScope
{
    /// <summary>Name of the switch (see <see cref="AppContext"/>) that makes documentation addresses count as public: the laboratory's internet is made of 203.0.113.0/24.</summary>
    public const string LaboratorySwitch = "Skein.P2P.DocumentationAddressesArePublic";

    private static readonly bool IsLaboratory = AppContext.TryGetSwitch(LaboratorySwitch, out var isOn) && isOn;

    /// <summary>Whether an address can be reached from anywhere: not loopback, private, link-local, shared by a provider (RFC 6598), for documentation, multicast or unspecified.</summary>
    public static bool IsPublic(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }

        Span<byte> b = stackalloc byte[16];
        address.TryWriteBytes(b, out _);
        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            return b[0] switch
            {
                0 or 10 or 127 or >= 224 => false,
                100 => b[1] is < 64 or > 127,
                169 => b[1] != 254,
                172 => b[1] is < 16 or > 31,
                192 => b[1] != 168 && !(b[1] == 0 && b[2] is 0 or 2),
                198 => b[1] is not (18 or 19) && !(b[1] == 51 && b[2] == 100),
                203 => IsLaboratory || !(b[1] == 0 && b[2] == 113),
                _ => true,
            };
        }

        // 2000::/3 is what has been given out; of it 2001:db8::/32 and 3fff::/20 are for documentation.
        return (b[0] & 0xE0) == 0x20
            && !(b[0] == 0x20 && b[1] == 0x01 && b[2] == 0x0D && b[3] == 0xB8)
            && !(b[0] == 0x3F && b[1] == 0xFF && b[2] < 0x10);
    }

    /// <summary>Whether an address is one of a home: private (RFC 1918) or unique local (RFC 4193). This machine's own and link-local ones are none.</summary>
    public static bool IsHome(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }

        Span<byte> b = stackalloc byte[16];
        address.TryWriteBytes(b, out _);
        return address.AddressFamily == AddressFamily.InterNetwork
            ? b[0] == 10 || (b[0] == 172 && b[1] is >= 16 and <= 31) || (b[0] == 192 && b[1] == 168)
            : (b[0] & 0xFE) == 0xFC;
    }

    /// <summary>Whether an address may be dialled at the word of somebody. A name passes: what it stands for is looked at when it is dialled.</summary>
    public static bool Allows(AddressScope scope, Multiaddr address) => scope switch
    {
        AddressScope.Anywhere => true,
        AddressScope.Home => IsPublic(address) || (address.IsPlainTcp && IsHome(address.TcpEndPoint!.Address)),
        _ => IsPublic(address),
    };

    /// <summary>Whether an address is one that strangers could dial: by name, or public.</summary>
    public static bool IsPublic(Multiaddr address) => address.TcpEndPoint is not { } end || IsPublic(end.Address);
}
