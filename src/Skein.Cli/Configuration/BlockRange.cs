using System.Globalization;
using Skein.Core.Identity;

namespace Skein.Cli.Configuration;

/// <summary>Block spans as people type them: <c>0-9</c> or <c>0..9</c>, both ends included.</summary>
internal static class BlockRange
{
    /// <summary>Reads a range.</summary>
    public static bool TryParse(string text, out BlockSpan span)
    {
        span = default;
        var parts = text.Contains("..", StringComparison.Ordinal) ? text.Split("..") : text.Split('-');
        if (parts.Length is < 1 or > 2
            || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var first)
            || !int.TryParse(parts[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var last)
            || last < first || last == int.MaxValue)
        {
            return false;
        }

        span = new BlockSpan(first, last + 1);
        return true;
    }

    /// <summary>Writes a range for the command line.</summary>
    public static string Format(BlockSpan span) => string.Create(CultureInfo.InvariantCulture, $"{span.First}-{span.End - 1}");
}
