using System.Text.RegularExpressions;

namespace Skein.P2P.Tests.ProtocolPages;

/// <summary>The vectors of a page under docs/protocol: rows <c>| name | `hex` |</c> below its heading "Vectors". Spaces within the hex only help the eye.</summary>
internal static partial class ProtocolPage
{
    /// <summary>Vectors by name, in the page's order.</summary>
    public static IReadOnlyDictionary<string, byte[]> ReadVectors(string page)
    {
        var text = File.ReadAllText(Path.Combine(FindRoot(), "docs", "protocol", page));
        var start = text.IndexOf("\n## Vectors\n", StringComparison.Ordinal);
        Assert.True(start >= 0, $"{page} has no vectors.");
        var rows = VectorRow().Matches(text[start..]);
        var tableRows = text[start..].Split('\n').Count(line => line.StartsWith("| ", StringComparison.Ordinal) && !line.EndsWith("| bytes |", StringComparison.Ordinal));
        Assert.True(rows.Count > 0 && rows.Count == tableRows, $"Of {tableRows} vectors of {page} only {rows.Count} can be read: a row is a name and hex in backticks.");
        return rows.ToDictionary(row => row.Groups["name"].Value.Trim(), row => Convert.FromHexString(row.Groups["hex"].Value.Replace(" ", string.Empty, StringComparison.Ordinal)), StringComparer.Ordinal);
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Skein.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException("No Skein.slnx above " + AppContext.BaseDirectory);
    }

    [GeneratedRegex(@"^\| (?<name>[^|]+) \| `(?<hex>[0-9a-f ]+)` \|$", RegexOptions.Multiline)]
    private static partial Regex VectorRow();
}
