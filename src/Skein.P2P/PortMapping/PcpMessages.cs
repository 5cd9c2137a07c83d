using System.Buffers.Binary;
using System.Net;

namespace Skein.P2P.PortMapping;

/// <summary>The MAP datagrams of the Port Control Protocol (RFC 6887, sections 7 and 11). All integers big endian.</summary>
public static class PcpMessages
{
    /// <summary>Bytes of a MAP request or response without options.</summary>
    public const int MapSize = 60;

    /// <summary>Bytes of a nonce.</summary>
    public const int NonceSize = 12;

    /// <summary>The router speaks another version.</summary>
    public const byte ResultUnsupportedVersion = 1;

    // Section 7: a datagram has at most 1,100 bytes.
    private const int MaxDatagram = 1100;
    private const byte Version = 2;
    private const byte OpMap = 1;
    private const byte ResponseBit = 0x80;
    private const byte ProtocolTcp = 6;

    /// <summary>Writes a MAP request; lifetime 0 gives the port back.</summary>
    /// <param name="destination">At least <see cref="MapSize"/> bytes.</param>
    /// <param name="client">Our own address, as the router sees it.</param>
    /// <param name="nonce">Names the mapping: renewing and deleting send the same one.</param>
    /// <param name="internalPort">Our port.</param>
    /// <param name="externalPort">What we would like; 0 leaves it to the router.</param>
    /// <param name="lifetimeSeconds">How long.</param>
    public static void WriteMapRequest(Span<byte> destination, IPAddress client, ReadOnlySpan<byte> nonce, ushort internalPort, ushort externalPort, uint lifetimeSeconds)
    {
        destination = destination[..MapSize];
        destination.Clear();
        destination[0] = Version;
        destination[1] = OpMap;
        BinaryPrimitives.WriteUInt32BigEndian(destination[4..], lifetimeSeconds);
        WriteAddress(destination[8..], client);
        nonce[..NonceSize].CopyTo(destination[24..]);
        destination[36] = ProtocolTcp;
        BinaryPrimitives.WriteUInt16BigEndian(destination[40..], internalPort);
        BinaryPrimitives.WriteUInt16BigEndian(destination[42..], externalPort);
        // "No preference" of the same family: section 11.1.
        WriteAddress(destination[44..], client.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any);
    }

    /// <summary>Reads the answer to a MAP request.</summary>
    /// <param name="datagram">What came.</param>
    /// <param name="nonce">The nonce that was sent: an answer with another is somebody else's.</param>
    /// <param name="result">0, or the router's refusal (section 7.4).</param>
    /// <param name="internalPort">The port that was asked for.</param>
    /// <param name="external">What the world dials.</param>
    /// <param name="lifetimeSeconds">How long; for a refusal, how long not to ask again.</param>
    public static bool TryReadMapResponse(ReadOnlySpan<byte> datagram, ReadOnlySpan<byte> nonce, out byte result, out ushort internalPort, out IPEndPoint external, out uint lifetimeSeconds)
    {
        external = new IPEndPoint(IPAddress.Any, 0);
        result = 0;
        internalPort = 0;
        lifetimeSeconds = 0;
        if (datagram.Length < 4)
        {
            return false;
        }

        // A NAT-PMP router answers in its own words: version 0, result 1 in its own place.
        if (datagram[0] != Version && (datagram[1] & ResponseBit) != 0)
        {
            result = ResultUnsupportedVersion;
            return true;
        }

        if (datagram.Length is < 24 or > MaxDatagram || datagram[0] != Version || datagram[1] != ResponseBit + OpMap)
        {
            return false;
        }

        result = datagram[3];
        lifetimeSeconds = BinaryPrimitives.ReadUInt32BigEndian(datagram[4..]);
        if (datagram.Length < MapSize)
        {
            // An error before the payload was read has none; success has one.
            return result != 0;
        }

        if (!datagram.Slice(24, NonceSize).SequenceEqual(nonce) || datagram[36] != ProtocolTcp)
        {
            return false;
        }

        internalPort = BinaryPrimitives.ReadUInt16BigEndian(datagram[40..]);
        var address = new IPAddress(datagram.Slice(44, 16));
        external = new IPEndPoint(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address, BinaryPrimitives.ReadUInt16BigEndian(datagram[42..]));
        return true;
    }

    private static void WriteAddress(Span<byte> destination, IPAddress address)
    {
        var mapped = address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? address.MapToIPv6() : address;
        mapped.TryWriteBytes(destination, out _);
    }
}
