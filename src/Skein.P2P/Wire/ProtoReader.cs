using System.Buffers.Binary;
using System.Text;
using Skein.Core.Decoding;

namespace Skein.P2P.Wire;

/// <summary>Walks over the fields of one protobuf message without allocating.</summary>
/// <remarks>
/// The first fault sets <see cref="Malformed"/> and ends the walk, so a decoder checks it once, at the end. Fields that the caller does not read are skipped.
/// Groups are refused: no message of the network uses them.
/// </remarks>
[Decoder]
public ref struct ProtoReader
{
    // So that a decoder of a 4 MiB message does not spin over two million one-byte fields of no meaning.
    private const int MaxFields = 65_536;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly ReadOnlySpan<byte> _data;
    private int _at;
    private int _fields;
    private bool _pending;

    /// <summary>Starts at the first field.</summary>
    public ProtoReader(ReadOnlySpan<byte> data) => _data = data;

    /// <summary>Whether the message broke the rules; what was read before is then void.</summary>
    public bool Malformed { get; private set; }

    /// <summary>Number of the current field.</summary>
    public int Field { get; private set; }

    /// <summary>Layout of the current field.</summary>
    public ProtoWireType Type { get; private set; }

    /// <summary>Moves to the next field.</summary>
    /// <returns>False at the end, and after a fault.</returns>
    public bool Next()
    {
        if (_pending)
        {
            Skip();
        }

        if (Malformed || _at == _data.Length)
        {
            return false;
        }

        if (!TakeVarint(out var tag) || tag >> 3 is 0 or > 0x1FFF_FFFF || ++_fields > MaxFields)
        {
            return Fail();
        }

        Field = (int)(tag >> 3);
        Type = (ProtoWireType)(tag & 7);
        _pending = true;
        return Type is ProtoWireType.Varint or ProtoWireType.Fixed64 or ProtoWireType.Bytes or ProtoWireType.Fixed32 || Fail();
    }

    /// <summary>Reads an integer; 0 after a fault.</summary>
    public ulong ReadVarint()
    {
        _pending = false;
        if (Type != ProtoWireType.Varint || !TakeVarint(out var value))
        {
            Fail();
            return 0;
        }

        return value;
    }

    /// <summary>Reads an integer that must lie in 0 to <paramref name="max"/>; 0 after a fault.</summary>
    public int ReadInt32(int max)
    {
        var value = ReadVarint();
        if (value > (ulong)max)
        {
            Fail();
            return 0;
        }

        return (int)value;
    }

    /// <summary>Reads a boolean; false after a fault.</summary>
    public bool ReadBool() => ReadVarint() != 0;

    /// <summary>Reads eight little-endian bytes; 0 after a fault.</summary>
    public ulong ReadFixed64()
    {
        _pending = false;
        if (Type != ProtoWireType.Fixed64 || _data.Length - _at < 8)
        {
            Fail();
            return 0;
        }

        var value = BinaryPrimitives.ReadUInt64LittleEndian(_data[_at..]);
        _at += 8;
        return value;
    }

    /// <summary>Reads bytes, or a nested message; empty after a fault.</summary>
    /// <param name="max">More bytes than this are a fault.</param>
    /// <returns>Part of the message: nothing is copied.</returns>
    public ReadOnlySpan<byte> ReadBytes(int max)
    {
        _pending = false;
        if (Type != ProtoWireType.Bytes || !TakeVarint(out var length) || length > (ulong)max || length > (ulong)(_data.Length - _at))
        {
            Fail();
            return [];
        }

        var value = _data.Slice(_at, (int)length);
        _at += (int)length;
        return value;
    }

    /// <summary>Reads UTF-8 text; empty after a fault.</summary>
    /// <param name="max">More bytes than this are a fault.</param>
    public string ReadString(int max)
    {
        var bytes = ReadBytes(max);
        try
        {
            return StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            Fail();
            return string.Empty;
        }
    }

    /// <summary>Marks the message as malformed: for what only the decoder of a message knows.</summary>
    /// <returns>False.</returns>
    public bool Fail()
    {
        Malformed = true;
        _pending = false;
        return false;
    }

    private void Skip()
    {
        switch (Type)
        {
            case ProtoWireType.Varint:
                _ = ReadVarint();
                break;
            case ProtoWireType.Fixed64:
                _ = ReadFixed64();
                break;
            case ProtoWireType.Bytes:
                _ = ReadBytes(int.MaxValue);
                break;
            default:
                _pending = false;
                if (_data.Length - _at < 4)
                {
                    Fail();
                    break;
                }

                _at += 4;
                break;
        }
    }

    private bool TakeVarint(out ulong value)
    {
        var ok = Uvarint.TryReadAnyForm(_data[_at..], out value, out var consumed);
        _at += consumed;
        return ok;
    }
}
