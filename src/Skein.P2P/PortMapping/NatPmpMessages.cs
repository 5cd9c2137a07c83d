using System.Buffers.Binary;
using System.Net;

namespace Skein.P2P.PortMapping;

/// <summary>The datagrams of NAT-PMP (RFC 6886). All integers big endian.</summary>
public static class NatPmpMessages
{
    /// <summary>UDP port of the router, for NAT-PMP and PCP alike.</summary>
    public const int RouterPort = 5351;

    /// <summary>Bytes of a request for the external address.</summary>
    public const int AddressRequestSize = 2;

    /// <summary>Bytes of a request for a port.</summary>
    public const int MapRequestSize = 12;

    private const byte Version = 0;
    private const byte OpAddress = 0;
    private const byte OpMapTcp = 2;
    private const byte ResponseBit = 128;

    /// <summary>Writes a request for the router's external address.</summary>
    public static void WriteAddressRequest(Span<byte> destination)
    {
        destination[0] = Version;
        destination[1] = OpAddress;
    }

    /// <summary>Writes a request for a TCP port; lifetime and external port 0 give it back.</summary>
    public static void WriteMapRequest(Span<byte> destination, ushort internalPort, ushort externalPort, uint lifetimeSeconds)
    {
        destination[0] = Version;
        destination[1] = OpMapTcp;
        destination[2] = destination[3] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(destination[4..], internalPort);
        BinaryPrimitives.WriteUInt16BigEndian(destination[6..], externalPort);
        BinaryPrimitives.WriteUInt32BigEndian(destination[8..], lifetimeSeconds);
    }

    /// <summary>Reads the answer to <see cref="WriteAddressRequest"/>.</summary>
    /// <param name="datagram">What came; longer datagrams are allowed by the RFC and their rest ignored.</param>
    /// <param name="result">0, or the router's refusal.</param>
    /// <param name="address">The external address; meaningful when <paramref name="result"/> is 0.</param>
    public static bool TryReadAddressResponse(ReadOnlySpan<byte> datagram, out ushort result, out IPAddress address)
    {
        address = IPAddress.Any;
        if (!TryReadHeader(datagram, OpAddress, out result))
        {
            return false;
        }

        if (result != 0)
        {
            return true;
        }

        if (datagram.Length < 12)
        {
            return false;
        }

        address = new IPAddress(datagram[8..12]);
        return true;
    }

    /// <summary>Reads the answer to <see cref="WriteMapRequest"/>.</summary>
    public static bool TryReadMapResponse(ReadOnlySpan<byte> datagram, out ushort result, out ushort internalPort, out ushort externalPort, out uint lifetimeSeconds)
    {
        internalPort = externalPort = 0;
        lifetimeSeconds = 0;
        if (!TryReadHeader(datagram, OpMapTcp, out result))
        {
            return false;
        }

        if (result != 0)
        {
            return true;
        }

        if (datagram.Length < 16)
        {
            return false;
        }

        internalPort = BinaryPrimitives.ReadUInt16BigEndian(datagram[8..]);
        externalPort = BinaryPrimitives.ReadUInt16BigEndian(datagram[10..]);
        lifetimeSeconds = BinaryPrimitives.ReadUInt32BigEndian(datagram[12..]);
        return true;
    }

    private static bool TryReadHeader(ReadOnlySpan<byte> datagram, byte operation, out ushort result)
    {
        result = 0;
        if (datagram.Length < 4 || datagram[0] != Version || datagram[1] != ResponseBit + operation)
        {
            return false;
        }

        result = BinaryPrimitives.ReadUInt16BigEndian(datagram[2..]);
        return true;
    }
}
