using System.Buffers.Binary;

namespace Skein.P2P.Yamux;

/// <summary>The twelve bytes before each frame, big-endian: version 0, type, flags, stream, length.</summary>
/// <param name="Type">Kind.</param>
/// <param name="Flags">Flags.</param>
/// <param name="StreamId">Stream; 0 is the session.</param>
/// <param name="Length">Bytes that follow (data), bytes granted (window), opaque value (ping), or reason (go away).</param>
public readonly record struct YamuxHeader(YamuxFrameType Type, YamuxFlags Flags, uint StreamId, uint Length)
{
    /// <summary>Bytes on the wire.</summary>
    public const int Size = 12;

    private const YamuxFlags Known = YamuxFlags.Syn | YamuxFlags.Ack | YamuxFlags.Fin | YamuxFlags.Rst;

    /// <summary>Reads a header.</summary>
    /// <returns>False if it is too short, of another version, or of no known type or flag, or if type and stream do not go together.</returns>
    public static bool TryRead(ReadOnlySpan<byte> source, out YamuxHeader header)
    {
        header = default;
        if (source.Length < Size || source[0] != 0 || source[1] > (byte)YamuxFrameType.GoAway)
        {
            return false;
        }

        header = new YamuxHeader((YamuxFrameType)source[1], (YamuxFlags)BinaryPrimitives.ReadUInt16BigEndian(source[2..]),
            BinaryPrimitives.ReadUInt32BigEndian(source[4..]), BinaryPrimitives.ReadUInt32BigEndian(source[8..]));
        var ofSession = header.Type is YamuxFrameType.Ping or YamuxFrameType.GoAway;
        return (header.Flags & ~Known) == YamuxFlags.None && ofSession == (header.StreamId == 0);
    }

    /// <summary>Writes the header.</summary>
    /// <param name="destination">At least <see cref="Size"/> bytes.</param>
    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt32BigEndian(destination, ((uint)Type << 16) | (uint)Flags);
        BinaryPrimitives.WriteUInt32BigEndian(destination[4..], StreamId);
        BinaryPrimitives.WriteUInt32BigEndian(destination[8..], Length);
    }
}
