using System.Globalization;
using System.Text;

namespace Skein.Engine.Text;

/// <summary>Whole numbers between bounds, as GBNF: each range falls apart into prefixes and free digits.</summary>
internal static class DigitRanges
{
    /// <summary>The largest number of 16 digits: what JSON grammars here write at most, and what a double holds to the unit, nearly.</summary>
    public const long Largest = 9_999_999_999_999_999;

    /// <summary>The decimal notation of every number from <paramref name="first"/> to <paramref name="last"/>, both at least 0 and at most <see cref="Largest"/>, as alternatives.</summary>
    public static string Between(long first, long last)
    {
        var alternatives = new List<string>();
        var (shortest, longest) = (0, 0);

        // One stretch for each number of digits, so that both ends have the same length; those that are covered wholly become one.
        for (long low = 0, high = 9; low <= last && low <= Largest; low = high + 1, high = Math.Min((high * 10) + 9, Largest))
        {
            if (low > 0 && first <= low && high <= last)
            {
                longest = Digits(low).Length;
                shortest = shortest == 0 ? longest : shortest;
            }
            else if (high >= first)
            {
                Split(string.Empty, Digits(Math.Max(low, first)), Digits(Math.Min(high, last)), alternatives);
            }
        }

        if (shortest > 0)
        {
            alternatives.Add(shortest == longest ? $"[1-9] [0-9]{{{longest - 1}}}" : $"[1-9] [0-9]{{{shortest - 1},{longest - 1}}}");
        }

        return string.Join(" | ", alternatives);
    }

    private static string Digits(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static void Split(string prefix, string low, string high, List<string> alternatives)
    {
        var shared = 0;
        while (shared < low.Length && low[shared] == high[shared])
        {
            shared++;
        }

        prefix += low[..shared];
        (low, high) = (low[shared..], high[shared..]);
        if (low.Length == 0)
        {
            alternatives.Add($"\"{prefix}\"");
            return;
        }

        var (from, to) = (low[0], high[0]);
        if (low.AsSpan(1).ContainsAnyExcept('0'))
        {
            Split(prefix + from, low[1..], new string('9', low.Length - 1), alternatives);
            from++;
        }

        var hasTop = high.AsSpan(1).ContainsAnyExcept('9');
        to = hasTop ? (char)(to - 1) : to;
        if (from <= to)
        {
            var free = new StringBuilder(prefix.Length == 0 ? string.Empty : $"\"{prefix}\" ").Append('[').Append(from);
            free.Append(to > from ? $"-{to}]" : "]");
            alternatives.Add(free.Append(low.Length > 1 ? $" [0-9]{{{low.Length - 1}}}" : string.Empty).ToString());
        }

        if (hasTop)
        {
            Split(prefix + high[0], new string('0', high.Length - 1), high[1..], alternatives);
        }
    }
}
