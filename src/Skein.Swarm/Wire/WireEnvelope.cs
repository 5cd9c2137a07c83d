using System.Buffers.Binary;

namespace Skein.Swarm.Wire;

/// <summary>The first eight bytes of every message: u32 bytes that follow them, u8 version, u8 type, two bytes that only frames use.</summary>
/// <param name="Type">What the message is; possibly a type that this build does not know, whose body is skipped.</param>
/// <param name="BodyLength">Bytes after the envelope.</param>
internal readonly record struct WireEnvelope(WireMessageType Type, int BodyLength)
{
    /// <summary>Bytes of the envelope.</summary>
    public const int Size = 8;

    /// <summary>Reads an envelope.</summary>
    /// <returns>False for another version or a length beyond the type's limit: the stream is not ours, or cannot be trusted any further.</returns>
    public static bool TryRead(ReadOnlySpan<byte> source, out WireEnvelope envelope)
    {
        envelope = default;
        if (source.Length < Size || source[4] != WireLimits.Version)
        {
            return false;
        }

        var length = BinaryPrimitives.ReadUInt32LittleEndian(source);
        var type = (WireMessageType)source[5];
        var limit = type == WireMessageType.Frame ? WireLimits.MaxPayload + FrameHeader.Size - Size : WireLimits.MaxBody;
        if (source[5] == 0 || length > limit)
        {
            return false;
        }

        envelope = new WireEnvelope(type, (int)length);
        return true;
    }

    /// <summary>Writes an envelope.</summary>
    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(destination, (uint)BodyLength);
        destination[4] = WireLimits.Version;
        destination[5] = (byte)Type;
        destination[6] = 0;
        destination[7] = 0;
    }
}
