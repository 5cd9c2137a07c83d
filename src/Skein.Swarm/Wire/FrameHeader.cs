using System.Buffers.Binary;
using Skein.Core.Identity;
using Skein.Swarm.Codecs;

namespace Skein.Swarm.Wire;

/// <summary>The fixed head of a frame: 52 bytes, little endian, then the encoded rows.</summary>
/// <remarks>
/// <code>
///  0 u32 bytes after offset 8      24 u32 epoch         40 u16 rows
///  4 u8  version (1)               28 u32 step          42 u16 hop
///  5 u8  type (1, frame)           32 u32 position      44 u32 width
///  6 u8  row format                36 u32 truncate to   48 u32 CRC-32C of bytes 0 to 47 and the payload
///  7 u8  flags                                          52 payload: rows x width values
///  8 u128 session
/// </code>
/// </remarks>
/// <param name="Session">Which session.</param>
/// <param name="Hop">Which stage of the chain the frame goes to, counted from 0; the number of stages when it goes back to the coordinator.</param>
/// <param name="Epoch">Goes up by one or more when the coordinator takes drafts back; frames of an older epoch are stale.</param>
/// <param name="Step">Counts frames of a session; goes up by exactly one within an epoch.</param>
/// <param name="Position">Position of the first row in the sequence.</param>
/// <param name="TruncateTo">Positions from here on are forgotten before the rows are run; <see cref="NoTruncation"/> forgets none.</param>
/// <param name="Rows">How many rows.</param>
/// <param name="Width">Values per row.</param>
/// <param name="Format">How values are written.</param>
/// <param name="Flags">What the rows are for.</param>
internal readonly record struct FrameHeader(
    SessionId Session,
    int Hop,
    uint Epoch,
    uint Step,
    int Position,
    uint TruncateTo,
    int Rows,
    int Width,
    RowFormat Format,
    FrameFlags Flags)
{
    /// <summary>Bytes of the head.</summary>
    public const int Size = 52;

    /// <summary>Offset of the checksum.</summary>
    public const int ChecksumOffset = 48;

    /// <summary>Value of <see cref="TruncateTo"/> that forgets nothing.</summary>
    public const uint NoTruncation = uint.MaxValue;

    /// <summary>Bytes of the payload.</summary>
    public int PayloadBytes => RowCodecs.Get(Format).RowBytes(Width) * Rows;

    /// <summary>Reads a head whose first eight bytes were already found to be a frame's.</summary>
    /// <param name="source">At least <see cref="Size"/> bytes.</param>
    /// <param name="header">The head.</param>
    /// <returns>False when a field is out of range or the length does not fit the shape: the stream cannot be trusted any further.</returns>
    public static bool TryRead(ReadOnlySpan<byte> source, out FrameHeader header)
    {
        header = default;
        if (source.Length < Size || source[4] != WireLimits.Version || source[5] != (byte)WireMessageType.Frame)
        {
            return false;
        }

        var length = BinaryPrimitives.ReadUInt32LittleEndian(source);
        var format = (RowFormat)source[6];
        var position = BinaryPrimitives.ReadUInt32LittleEndian(source[32..]);
        var rows = BinaryPrimitives.ReadUInt16LittleEndian(source[40..]);
        var hop = BinaryPrimitives.ReadUInt16LittleEndian(source[42..]);
        var width = BinaryPrimitives.ReadUInt32LittleEndian(source[44..]);
        if (!RowCodecs.TryGet(format, out var codec)
            || rows is < 1 or > WireLimits.MaxRows
            || width is < 1 or > WireLimits.MaxWidth
            || hop > WireLimits.MaxHops
            || position > WireLimits.MaxPosition)
        {
            return false;
        }

        var payload = (long)codec.RowBytes((int)width) * rows;
        if (payload > WireLimits.MaxPayload || length != payload + Size - WireEnvelope.Size)
        {
            return false;
        }

        header = new FrameHeader(
            SessionId.Read(source[8..]),
            hop,
            BinaryPrimitives.ReadUInt32LittleEndian(source[24..]),
            BinaryPrimitives.ReadUInt32LittleEndian(source[28..]),
            (int)position,
            BinaryPrimitives.ReadUInt32LittleEndian(source[36..]),
            rows,
            (int)width,
            format,
            (FrameFlags)source[7]);
        return true;
    }

    /// <summary>Writes head and checksum; the payload must already stand behind the head.</summary>
    /// <param name="frame">The whole frame: <see cref="Size"/> bytes of head, then the payload.</param>
    public void Write(Span<byte> frame)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(frame, (uint)(frame.Length - WireEnvelope.Size));
        frame[4] = WireLimits.Version;
        frame[5] = (byte)WireMessageType.Frame;
        frame[6] = (byte)Format;
        frame[7] = (byte)Flags;
        Session.Write(frame[8..]);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[24..], Epoch);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[28..], Step);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[32..], (uint)Position);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[36..], TruncateTo);
        BinaryPrimitives.WriteUInt16LittleEndian(frame[40..], (ushort)Rows);
        BinaryPrimitives.WriteUInt16LittleEndian(frame[42..], (ushort)Hop);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[44..], (uint)Width);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[ChecksumOffset..], Checksum(frame[..Size], frame[Size..]));
    }

    /// <summary>The checksum that a frame should carry.</summary>
    public static uint Checksum(ReadOnlySpan<byte> head, ReadOnlySpan<byte> payload)
        => Crc32C.Finish(Crc32C.Append(Crc32C.Append(Crc32C.Start, head[..ChecksumOffset]), payload));
}
