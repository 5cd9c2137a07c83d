using System.Globalization;

namespace Skein.Core.Units;

/// <summary>A number of bytes, so that no option leaves its unit open.</summary>
/// <param name="Bytes">The count.</param>
public readonly record struct ByteSize(long Bytes) : IComparable<ByteSize>
{
    private static readonly string[] UnitNames = ["B", "KiB", "MiB", "GiB", "TiB"];

    /// <summary>So many times 1,024 bytes.</summary>
    public static ByteSize KiB(long count) => new(checked(count << 10));

    /// <summary>So many times 1,048,576 bytes.</summary>
    public static ByteSize MiB(long count) => new(checked(count << 20));

    /// <summary>So many times 1,073,741,824 bytes.</summary>
    public static ByteSize GiB(long count) => new(checked(count << 30));

    /// <inheritdoc/>
    public int CompareTo(ByteSize other) => Bytes.CompareTo(other.Bytes);

    /// <summary>Whether <paramref name="left"/> is smaller.</summary>
    public static bool operator <(ByteSize left, ByteSize right) => left.Bytes < right.Bytes;

    /// <summary>Whether <paramref name="left"/> is larger.</summary>
    public static bool operator >(ByteSize left, ByteSize right) => left.Bytes > right.Bytes;

    /// <summary>Whether <paramref name="left"/> is not larger.</summary>
    public static bool operator <=(ByteSize left, ByteSize right) => left.Bytes <= right.Bytes;

    /// <summary>Whether <paramref name="left"/> is not smaller.</summary>
    public static bool operator >=(ByteSize left, ByteSize right) => left.Bytes >= right.Bytes;

    /// <summary>For people: <c>93.8 MiB</c>.</summary>
    public override string ToString()
    {
        double value = Bytes;
        var unit = 0;
        while (Math.Abs(value) >= 1024 && unit < UnitNames.Length - 1)
        {
            value /= 1024;
            unit++;
        }

        var format = unit == 0 ? "0" : "0.0";
        return string.Create(CultureInfo.InvariantCulture, $"{value.ToString(format, CultureInfo.InvariantCulture)} {UnitNames[unit]}");
    }
}
