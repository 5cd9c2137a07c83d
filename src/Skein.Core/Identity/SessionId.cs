using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Skein.Core.Identity;

/// <summary>128 random bits that name one session in every stage of its chain.</summary>
/// <param name="Value">The bits; the wire carries them little endian.</param>
public readonly record struct SessionId(UInt128 Value)
{
    /// <summary>Bytes on the wire.</summary>
    public const int Size = 16;

    /// <summary>Draws a fresh id from the system's cryptographic generator: an id that can be guessed could be hijacked.</summary>
    public static SessionId Create()
    {
        Span<byte> bytes = stackalloc byte[Size];
        RandomNumberGenerator.Fill(bytes);
        return Read(bytes);
    }

    /// <summary>Reads the first 16 bytes.</summary>
    public static SessionId Read(ReadOnlySpan<byte> source) => new(BinaryPrimitives.ReadUInt128LittleEndian(source));

    /// <summary>Writes 16 bytes.</summary>
    public void Write(Span<byte> destination) => BinaryPrimitives.WriteUInt128LittleEndian(destination, Value);

    /// <summary>Lower-case hexadecimal, 32 digits.</summary>
    public override string ToString() => Value.ToString("x32", System.Globalization.CultureInfo.InvariantCulture);
}
