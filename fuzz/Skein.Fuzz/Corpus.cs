namespace Skein.Fuzz;

/// <summary>The inputs kept for each target: <c>fuzz/corpus/&lt;target&gt;/</c>.</summary>
public static class Corpus
{
    /// <summary>The folder of all corpora, found above the executable.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Files of one target, in order of name; empty if it has no folder.</summary>
    public static IReadOnlyList<string> Files(string target)
    {
        var folder = Path.Combine(Root, target);
        return Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal)] : [];
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Skein.slnx")))
            {
                return Path.Combine(folder.FullName, "fuzz", "corpus");
            }
        }

        throw new DirectoryNotFoundException($"No Skein.slnx above {AppContext.BaseDirectory}: the corpus lies beside it. Run from a checkout.");
    }
}
