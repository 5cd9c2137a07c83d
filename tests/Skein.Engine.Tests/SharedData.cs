namespace Skein.Engine.Tests;

/// <summary>Where models, fixtures and texts lie.</summary>
internal static class SharedData
{
    public static string Root { get; } = Find();

    public static string SmolLm2 => Path.Combine(Root, "models", "SmolLM2-135M-Instruct.Q4_1.gguf");

    public static string Gemma3 => Path.Combine(Root, "models", "gemma-3-270m.Q4_K_M-embQ4_0.gguf");

    public static string Tiny(string family) => Path.Combine(Root, "fixtures", "gguf-tiny", family + ".gguf");

    public static string Expected(string family) => Path.Combine(Root, "fixtures", "hf-tiny", family, "expected.json");

    public static string Text(string name) => Path.Combine(Root, "eval", name);

    private static string Find()
    {
        if (Environment.GetEnvironmentVariable("SKEIN_SHARED") is { Length: > 0 } configured)
        {
            return configured;
        }

        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Skein.slnx")))
        {
            folder = folder.Parent;
        }

        return folder is null ? "shared" : Path.GetFullPath(Path.Combine(folder.FullName, "..", "shared"));
    }
}
