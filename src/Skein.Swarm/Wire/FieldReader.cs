using System.Buffers.Binary;
using System.Text;

namespace Skein.Swarm.Wire;

/// <summary>Reads numbered fields in the protobuf encoding. Unknown fields are passed over on purpose: newer peers may send more.</summary>
/// <remarks>Call <see cref="Next"/> until it is false, then look at <see cref="Failed"/>.</remarks>
/// <param name="source">A message's body.</param>
internal ref struct FieldReader(ReadOnlySpan<byte> source)
{
    // Strict: bytes that are no UTF-8 are refused, not replaced.
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private ReadOnlySpan<byte> _rest = source;
    private ReadOnlySpan<byte> _bytes;
    private ulong _number;
    private bool _isBytes;

    /// <summary>Number of the current field.</summary>
    public int Field { get; private set; }

    /// <summary>Whether the body is not well formed.</summary>
    public bool Failed { get; private set; }

    /// <summary>Goes to the next field.</summary>
    public bool Next()
    {
        if (Failed || _rest.IsEmpty)
        {
            return false;
        }

        Failed = true;
        if (!TryVarint(out var tag) || tag >> 3 is 0 or > 0x1FFF_FFFF)
        {
            return false;
        }

        Field = (int)(tag >> 3);
        _number = 0;
        _bytes = default;
        _isBytes = false;
        switch (tag & 7)
        {
            case 0:
                if (!TryVarint(out _number))
                {
                    return false;
                }

                break;
            case 1 when _rest.Length >= 8:
                _number = BinaryPrimitives.ReadUInt64LittleEndian(_rest);
                _rest = _rest[8..];
                break;
            case 2:
                if (!TryVarint(out var length) || length > (ulong)_rest.Length)
                {
                    return false;
                }

                _bytes = _rest[..(int)length];
                _rest = _rest[(int)length..];
                _isBytes = true;
                break;
            case 5 when _rest.Length >= 4:
                _number = BinaryPrimitives.ReadUInt32LittleEndian(_rest);
                _rest = _rest[4..];
                break;
            default:
                return false;
        }

        Failed = false;
        return true;
    }

    /// <summary>The current field as a number.</summary>
    public readonly bool TryNumber(ulong most, out ulong value)
    {
        value = _number;
        return !_isBytes && value <= most;
    }

    /// <summary>The current field as a number that fits an int.</summary>
    public readonly bool TryNumber(int most, out int value)
    {
        var fits = TryNumber((ulong)most, out ulong number);
        value = fits ? (int)number : 0;
        return fits;
    }

    /// <summary>The current field as a truth value.</summary>
    public readonly bool TryFlag(out bool value)
    {
        value = _number != 0;
        return !_isBytes && _number <= 1;
    }

    /// <summary>The current field as bytes.</summary>
    public readonly bool TryBytes(int most, out ReadOnlySpan<byte> value)
    {
        value = _bytes;
        return _isBytes && value.Length <= most;
    }

    /// <summary>The current field as 128 bits.</summary>
    public readonly bool TryId(out UInt128 value)
    {
        var fits = _isBytes && _bytes.Length == 16;
        value = fits ? BinaryPrimitives.ReadUInt128LittleEndian(_bytes) : default;
        return fits;
    }

    /// <summary>The current field as text. Control characters become spaces: the text goes to logs and terminals.</summary>
    public readonly bool TryText(int mostBytes, out string value)
    {
        value = string.Empty;
        if (!_isBytes || _bytes.Length > mostBytes)
        {
            return false;
        }

        try
        {
            value = Strict.GetString(_bytes);
        }
        catch (DecoderFallbackException)
        {
            return false;
        }

        if (value.Any(char.IsControl))
        {
            value = string.Create(value.Length, value, static (target, text) =>
            {
                for (var i = 0; i < text.Length; i++)
                {
                    target[i] = char.IsControl(text[i]) ? ' ' : text[i];
                }
            });
        }

        return true;
    }

    private bool TryVarint(out ulong value)
    {
        value = 0;
        for (var i = 0; i < 10 && i < _rest.Length; i++)
        {
            var part = _rest[i];
            if (i == 9 && part > 1)
            {
                return false;
            }

            value |= (ulong)(part & 0x7F) << (7 * i);
            if (part < 0x80)
            {
                _rest = _rest[(i + 1)..];
                return true;
            }
        }

        return false;
    }
}
