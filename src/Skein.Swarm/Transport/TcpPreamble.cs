using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Skein.Swarm.Transport;

/// <summary>The first bytes on a TCP connection: who speaks, which protocol, what for.</summary>
/// <remarks><c>"SKEINRNG"</c>, u8 version (1), u8 traffic class, u8 length of the protocol's name (1 to 64), the name in printable ASCII.</remarks>
/// <param name="Protocol">The protocol's id.</param>
/// <param name="Class">What for.</param>
internal sealed record TcpPreamble(string Protocol, TrafficClass Class)
{
    /// <summary>Bytes before the name.</summary>
    public const int HeadSize = 11;

    /// <summary>Bytes of the longest name.</summary>
    public const int MaxName = 64;

    /// <summary>Version of the preamble.</summary>
    public const byte Version = 1;

    private static ReadOnlySpan<byte> Magic => "SKEINRNG"u8;

    /// <summary>Whether these first bytes may become a preamble; false as soon as one is wrong, so that strangers are let go at once.</summary>
    public static bool MayBegin(ReadOnlySpan<byte> first)
    {
        var known = Math.Min(first.Length, Magic.Length);
        return first[..known].SequenceEqual(Magic[..known])
            && (first.Length <= 8 || first[8] == Version)
            && (first.Length <= 9 || first[9] <= (byte)TrafficClass.Bulk)
            && (first.Length <= 10 || first[10] is >= 1 and <= MaxName);
    }

    /// <summary>Bytes of the whole preamble, once its head is there.</summary>
    public static int SizeOf(ReadOnlySpan<byte> head) => HeadSize + head[10];

    /// <summary>Reads a whole preamble.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, [NotNullWhen(true)] out TcpPreamble? preamble)
    {
        preamble = null;
        if (source.Length < HeadSize || !MayBegin(source) || source.Length != SizeOf(source))
        {
            return false;
        }

        var name = source[HeadSize..];
        if (name.ContainsAnyExceptInRange((byte)0x21, (byte)0x7E))
        {
            return false;
        }

        preamble = new TcpPreamble(Encoding.ASCII.GetString(name), (TrafficClass)source[9]);
        return true;
    }

    /// <summary>The preamble's bytes.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[HeadSize + Protocol.Length];
        Magic.CopyTo(bytes);
        bytes[8] = Version;
        bytes[9] = (byte)Class;
        bytes[10] = (byte)Protocol.Length;
        Encoding.ASCII.GetBytes(Protocol, bytes.AsSpan(HeadSize));
        return bytes;
    }
}
