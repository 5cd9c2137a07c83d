using System.Globalization;
using Skein.Core.Identity;

namespace Skein.Cli.Configuration;

/// <summary>Boundaries of stages as people type them: <c>10,20</c>.</summary>
internal static class CutList
{
    /// <summary>Reads boundaries; null gives three equal stages.</summary>
    /// <exception cref="UsageException">They are no ascending numbers inside the model.</exception>
    public static IReadOnlyList<int> Read(string? text, int blockCount)
    {
        if (text is null)
        {
            return [.. BlockSpan.Split(blockCount, Math.Min(3, blockCount)).Skip(1).Select(span => span.First)];
        }

        var cuts = new List<int>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (!int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var cut))
            {
                throw new UsageException($"--cuts takes numbers such as 10,20, not '{text}'.");
            }

            cuts.Add(cut);
        }

        try
        {
            BlockSpan.Cut(blockCount, cuts);
        }
        catch (ArgumentException e)
        {
            throw new UsageException($"--cuts {text}: {e.Message.Split(" (Parameter", 2)[0]}");
        }

        return cuts;
    }
}
