namespace Skein.Gateway.Tests.Fakes;

/// <summary>The repository that the tests were built from.</summary>
internal static class SourceTree
{
    public static string Root { get; } = Find();

    private static string Find()
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
