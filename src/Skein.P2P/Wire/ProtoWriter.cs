using System.Buffers;
using System.Buffers.Binary;

namespace Skein.P2P.Wire;

/// <summary>Builds one small protobuf message; fields appear in the order of the calls. Not thread-safe.</summary>
public sealed class ProtoWriter
{
    private readonly ArrayBufferWriter<byte> _buffer = new(256);

    /// <summary>What was written so far.</summary>
    public ReadOnlySpan<byte> Written => _buffer.WrittenSpan;

    /// <summary>Copies what was written.</summary>
    public byte[] ToArray() => _buffer.WrittenSpan.ToArray();

    /// <summary>Copies what was written behind its length, as streams carry messages.</summary>
    public byte[] ToDelimited()
    {
        var length = Uvarint.LengthOf((ulong)_buffer.WrittenCount);
        var bytes = new byte[length + _buffer.WrittenCount];
        Uvarint.Write(bytes, (ulong)_buffer.WrittenCount);
        _buffer.WrittenSpan.CopyTo(bytes.AsSpan(length));
        return bytes;
    }

    /// <summary>Writes an integer, zero too.</summary>
    public ProtoWriter Varint(int field, ulong value)
    {
        Tag(field, ProtoWireType.Varint);
        Raw(value);
        return this;
    }

    /// <summary>Writes a boolean.</summary>
    public ProtoWriter Bool(int field, bool value) => Varint(field, value ? 1UL : 0UL);

    /// <summary>Writes eight little-endian bytes.</summary>
    public ProtoWriter Fixed64(int field, ulong value)
    {
        Tag(field, ProtoWireType.Fixed64);
        BinaryPrimitives.WriteUInt64LittleEndian(_buffer.GetSpan(8), value);
        _buffer.Advance(8);
        return this;
    }

    /// <summary>Writes bytes, empty ones too.</summary>
    public ProtoWriter Bytes(int field, ReadOnlySpan<byte> value)
    {
        Tag(field, ProtoWireType.Bytes);
        Raw((ulong)value.Length);
        _buffer.Write(value);
        return this;
    }

    /// <summary>Writes text.</summary>
    public ProtoWriter Text(int field, string value) => Bytes(field, System.Text.Encoding.UTF8.GetBytes(value));

    /// <summary>Writes a nested message.</summary>
    public ProtoWriter Message(int field, ProtoWriter message) => Bytes(field, message.Written);

    private void Tag(int field, ProtoWireType type) => Raw(((ulong)field << 3) | (ulong)type);

    private void Raw(ulong value)
    {
        var length = Uvarint.Write(_buffer.GetSpan(Uvarint.MaxLength), value);
        _buffer.Advance(length);
    }
}
