using System.Numerics;

namespace Skein.P2P.Wire;

/// <summary>Unsigned variable-length integers, seven bits a byte, least significant first (multiformats/unsigned-varint).</summary>
public static class Uvarint
{
    /// <summary>Bytes that a 64-bit value takes at most.</summary>
    public const int MaxLength = 10;

    /// <summary>Bytes that the value takes.</summary>
    public static int LengthOf(ulong value) => (BitOperations.Log2(value | 1) / 7) + 1;

    /// <summary>Writes the value.</summary>
    /// <param name="destination">At least <see cref="LengthOf"/> bytes.</param>
    /// <param name="value">The value.</param>
    /// <returns>Bytes written.</returns>
    public static int Write(Span<byte> destination, ulong value)
    {
        var at = 0;
        while (value >= 0x80)
        {
            destination[at++] = (byte)(value | 0x80);
            value >>= 7;
        }

        destination[at++] = (byte)value;
        return at;
    }

    /// <summary>Reads a value in its shortest form; a longer form is refused, as the specification demands.</summary>
    /// <param name="source">Starts with the value.</param>
    /// <param name="value">The value.</param>
    /// <param name="consumed">Bytes read.</param>
    /// <returns>False if the bytes end too early, the value needs more than 64 bits, or the form is not the shortest.</returns>
    public static bool TryRead(ReadOnlySpan<byte> source, out ulong value, out int consumed)
        => TryReadAnyForm(source, out value, out consumed) && (consumed == 1 || source[consumed - 1] != 0);

    // Protobuf allows padded forms: its reader comes here.
    internal static bool TryReadAnyForm(ReadOnlySpan<byte> source, out ulong value, out int consumed)
    {
        value = 0;
        consumed = 0;
        for (var i = 0; i < source.Length && i < MaxLength; i++)
        {
            var part = source[i];
            if (i == MaxLength - 1 && part > 1)
            {
                return false;
            }

            value |= (ulong)(part & 0x7F) << (7 * i);
            if (part < 0x80)
            {
                consumed = i + 1;
                return true;
            }
        }

        return false;
    }
}
