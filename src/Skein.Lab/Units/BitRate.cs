using System.Globalization;

namespace Skein.Lab.Units;

/// <summary>How many bits a line carries in a second; zero means that nothing holds it back.</summary>
/// <param name="BitsPerSecond">Decimal bits, as internet providers count them: 20 Mbit/s is 20,000,000.</param>
public readonly record struct BitRate(long BitsPerSecond) : IComparable<BitRate>
{
    private const long NanosecondsPerSecond = 1_000_000_000;

    /// <summary>A line that nothing holds back.</summary>
    public static BitRate Unlimited => default;

    /// <summary>Whether nothing holds this line back.</summary>
    public bool IsUnlimited => BitsPerSecond == 0;

    /// <summary>So many times 1,000 bits a second.</summary>
    public static BitRate Kilobits(double count) => new(checked((long)Math.Round(count * 1e3)));

    /// <summary>So many times 1,000,000 bits a second.</summary>
    public static BitRate Megabits(double count) => new(checked((long)Math.Round(count * 1e6)));

    /// <summary>How long <paramref name="bytes"/> keep this line busy, in nanoseconds; zero on an unlimited line.</summary>
    public long NanosecondsFor(long bytes) =>
        IsUnlimited ? 0 : (long)((Int128)bytes * 8 * NanosecondsPerSecond / BitsPerSecond);

    /// <summary>How many bytes this line carries in <paramref name="nanoseconds"/>; meaningless on an unlimited line.</summary>
    public long BytesIn(long nanoseconds) =>
        (long)((Int128)nanoseconds * BitsPerSecond / (8 * NanosecondsPerSecond));

    /// <inheritdoc/>
    public int CompareTo(BitRate other) => BitsPerSecond.CompareTo(other.BitsPerSecond);

    /// <summary>Whether <paramref name="left"/> is the smaller number; an unlimited line is zero.</summary>
    public static bool operator <(BitRate left, BitRate right) => left.CompareTo(right) < 0;

    /// <summary>Whether <paramref name="left"/> is the larger number; an unlimited line is zero.</summary>
    public static bool operator >(BitRate left, BitRate right) => left.CompareTo(right) > 0;

    /// <summary>Whether <paramref name="left"/> is not the larger number.</summary>
    public static bool operator <=(BitRate left, BitRate right) => left.CompareTo(right) <= 0;

    /// <summary>Whether <paramref name="left"/> is not the smaller number.</summary>
    public static bool operator >=(BitRate left, BitRate right) => left.CompareTo(right) >= 0;

    /// <summary>For people: <c>20 Mbit/s</c>, <c>unlimited</c>.</summary>
    public override string ToString() => BitsPerSecond switch
    {
        0 => "unlimited",
        >= 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{BitsPerSecond / 1e6:0.###} Mbit/s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{BitsPerSecond / 1e3:0.###} kbit/s"),
    };
}
