namespace Skein.EndToEnd.Tests.Harness;

/// <summary>Where the repository and what it built lie.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string Program { get; } = Path.Combine(Root, "src", "Skein.Cli", "bin", "Release", "net10.0", "skein.dll");

    public static string Shared { get; } = Environment.GetEnvironmentVariable("SKEIN_SHARED") is { Length: > 0 } set ? set : Path.Combine(Root, "..", "shared");

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
}
