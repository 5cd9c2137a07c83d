namespace Skein.Gguf.Tests;

/// <summary>Real models and fixtures, kept beside the repository: <c>SKEIN_SHARED</c>, default <c>../shared</c> of the repository's root.</summary>
internal static class SharedData
{
    public static string SmolLm2 => Path("models/SmolLM2-135M-Instruct.Q4_1.gguf");

    public static string Gemma3 => Path("models/gemma-3-270m.Q4_K_M-embQ4_0.gguf");

    public static IEnumerable<string> TinyFamilies => Directory.EnumerateFiles(Path("fixtures/gguf-tiny"), "*.gguf").Order(StringComparer.Ordinal);

    public static string Path(string relative)
    {
        var root = Environment.GetEnvironmentVariable("SKEIN_SHARED") ?? System.IO.Path.Combine(RepositoryRoot(), "..", "shared");
        var path = System.IO.Path.GetFullPath(System.IO.Path.Combine(root, relative));
        return System.IO.Path.Exists(path) ? path : throw new FileNotFoundException($"Test data {relative} is not in {root}; set SKEIN_SHARED.");
    }

    private static string RepositoryRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "Skein.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new FileNotFoundException("No Skein.slnx above the test's folder.");
    }
}
