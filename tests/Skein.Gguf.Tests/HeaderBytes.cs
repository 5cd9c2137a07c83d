using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Skein.Gguf.Tests;

/// <summary>Builds headers byte by byte, as no honest writer would.</summary>
internal sealed class HeaderBytes
{
    private readonly ArrayBufferWriter<byte> _bytes = new();

    public byte[] Array => _bytes.WrittenSpan.ToArray();

    public static HeaderBytes Start(ulong tensors, ulong keys, uint version = 3) => new HeaderBytes().Raw("GGUF"u8).U32(version).U64(tensors).U64(keys);

    public HeaderBytes Raw(ReadOnlySpan<byte> bytes)
    {
        _bytes.Write(bytes);
        return this;
    }

    public HeaderBytes U32(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_bytes.GetSpan(4), value);
        _bytes.Advance(4);
        return this;
    }

    public HeaderBytes U64(ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(_bytes.GetSpan(8), value);
        _bytes.Advance(8);
        return this;
    }

    public HeaderBytes Text(string text) => Text(Encoding.UTF8.GetBytes(text));

    public HeaderBytes Text(ReadOnlySpan<byte> utf8) => U64((ulong)utf8.Length).Raw(utf8);

    public HeaderBytes Key(string key, GgufValueType type) => Text(key).U32((uint)type);

    public HeaderBytes Tensor(string name, GgmlType type, ulong offset, params ReadOnlySpan<ulong> shape)
    {
        Text(name).U32((uint)shape.Length);
        foreach (var size in shape)
        {
            U64(size);
        }

        return U32((uint)type).U64(offset);
    }

    public HeaderBytes Zeros(int count) => Raw(new byte[count]);

    /// <summary>Pads to the alignment and adds so many bytes of data.</summary>
    public HeaderBytes Data(int bytes, int alignment = 32) => Zeros((alignment - (_bytes.WrittenCount % alignment)) % alignment).Zeros(bytes);
}
