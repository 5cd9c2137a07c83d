using System.Buffers.Binary;
using System.Text;

namespace Skein.Swarm.Wire;

/// <summary>Writes numbered fields in the protobuf encoding into memory that is large enough for any message.</summary>
/// <param name="destination">At least <see cref="WireLimits.MaxBody"/> bytes.</param>
internal ref struct FieldWriter(Span<byte> destination)
{
    private readonly Span<byte> _destination = destination;

    /// <summary>Bytes written.</summary>
    public int Length { get; private set; }

    /// <summary>Writes a whole number; zero is left out, as readers assume it.</summary>
    public void Number(int field, ulong value)
    {
        if (value != 0)
        {
            Varint((ulong)field << 3);
            Varint(value);
        }
    }

    /// <summary>Writes true; false is left out.</summary>
    public void Flag(int field, bool value) => Number(field, value ? 1UL : 0);

    /// <summary>Writes bytes; none are left out.</summary>
    public void Bytes(int field, scoped ReadOnlySpan<byte> value)
    {
        if (!value.IsEmpty)
        {
            Entry(field, value);
        }
    }

    /// <summary>Writes bytes even when there are none: an entry of a list.</summary>
    public void Entry(int field, scoped ReadOnlySpan<byte> value)
    {
        Varint(((ulong)field << 3) | 2);
        Varint((ulong)value.Length);
        value.CopyTo(_destination[Length..]);
        Length += value.Length;
    }

    /// <summary>Writes text as UTF-8; empty text is left out.</summary>
    public void Text(int field, string value)
    {
        if (value.Length > 0)
        {
            Bytes(field, Encoding.UTF8.GetBytes(value));
        }
    }

    /// <summary>Writes a session's id.</summary>
    public void Id(int field, UInt128 value)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128LittleEndian(bytes, value);
        Bytes(field, bytes);
    }

    private void Varint(ulong value)
    {
        while (value >= 0x80)
        {
            _destination[Length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        _destination[Length++] = (byte)value;
    }
}
