using System.Text.Json.Nodes;

namespace Skein.Engine.Tests.ChatTemplates;

/// <summary>The files under <c>ChatTemplates/Data</c>.</summary>
public static class TemplateData
{
    /// <summary>The moment at which the oracle rendered.</summary>
    public static readonly TimeProvider Clock = new FixedClock();

    private static readonly string Folder = Find();

    public static string Template(string name) => File.ReadAllText(Path.Combine(Folder, "templates", name));

    public static IEnumerable<string> TemplateNames => Directory.EnumerateFiles(Path.Combine(Folder, "templates")).Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal);

    public static JsonObject Read(string name) => JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, name)))!.AsObject();

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Skein.slnx")))
            {
                return Path.Combine(folder.FullName, "tests", "Skein.Engine.Tests", "ChatTemplates", "Data");
            }
        }

        throw new DirectoryNotFoundException("The tests run inside the repository: no folder above holds Skein.slnx.");
    }

    private sealed class FixedClock : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

        public override DateTimeOffset GetUtcNow() => new(2025, 3, 9, 14, 5, 7, TimeSpan.Zero);
    }
}
