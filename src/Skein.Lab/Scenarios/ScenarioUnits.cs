using System.Globalization;
using Skein.Core.Units;
using Skein.Lab.Units;

namespace Skein.Lab.Scenarios;

/// <summary>Quantities as a scenario writes them: a number and its unit, never a bare number.</summary>
internal static class ScenarioUnits
{
    private const string Digits = "0123456789.";

    /// <summary>Reads <c>40ms</c>, <c>1.5s</c>, <c>200us</c>, <c>2min</c>; a day at most.</summary>
    public static bool TryDuration(string text, out TimeSpan value)
    {
        value = default;
        if (!TrySplit(text, out var number, out var unit))
        {
            return false;
        }

        var milliseconds = unit switch { "us" => number / 1e3, "ms" => number, "s" => number * 1e3, "min" => number * 60e3, _ => double.NaN };
        if (!(milliseconds <= TimeSpan.FromDays(1).TotalMilliseconds))
        {
            return false;
        }

        value = TimeSpan.FromTicks((long)Math.Round(milliseconds * TimeSpan.TicksPerMillisecond));
        return true;
    }

    /// <summary>Reads <c>20mbit</c>, <c>512kbit</c>, <c>1gbit</c>, <c>unlimited</c>. Nothing means zero: a line that carries nothing is cut, not slow.</summary>
    public static bool TryRate(string text, out BitRate value)
    {
        value = BitRate.Unlimited;
        if (text == "unlimited")
        {
            return true;
        }

        if (!TrySplit(text, out var number, out var unit))
        {
            return false;
        }

        var bits = unit switch { "kbit" => number * 1e3, "mbit" => number * 1e6, "gbit" => number * 1e9, _ => double.NaN };
        if (bits is not (>= 1 and <= 1e15))
        {
            return false;
        }

        value = new BitRate((long)bits);
        return true;
    }

    /// <summary>Reads <c>64KiB</c>, <c>1MiB</c>, <c>9000B</c>.</summary>
    public static bool TrySize(string text, out ByteSize value)
    {
        value = default;
        if (!TrySplit(text, out var number, out var unit))
        {
            return false;
        }

        var bytes = unit switch { "B" => number, "KiB" => number * 1_024, "MiB" => number * 1_048_576, _ => double.NaN };
        if (!(bytes <= 1e12))
        {
            return false;
        }

        value = new ByteSize((long)bytes);
        return true;
    }

    /// <summary>Reads <c>0.5%</c>.</summary>
    public static bool TryShare(string text, out double value)
    {
        if (!TrySplit(text, out value, out var unit) || unit != "%")
        {
            return false;
        }

        value /= 100;
        return true;
    }

    private static bool TrySplit(string text, out double number, out string unit)
    {
        var end = 0;
        while (end < text.Length && Digits.Contains(text[end], StringComparison.Ordinal))
        {
            end++;
        }

        unit = text[end..].Trim();
        return double.TryParse(text.AsSpan(0, end), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out number);
    }
}
