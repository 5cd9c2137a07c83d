namespace Skein.Models.Tests;

/// <summary>Real models and fixtures, outside the repository.</summary>
internal static class SharedData
{
    public static readonly string[] TinyFamilies = ["gemma2", "gemma3", "llama", "llama31-rope", "mistral", "mixtral", "qwen2", "qwen3"];

    public static string RepositoryRoot { get; } = FindRoot();

    public static string Root { get; } = Environment.GetEnvironmentVariable("SKEIN_SHARED") is { Length: > 0 } folder ? folder : Path.Combine(RepositoryRoot, "..", "shared");

    public static string SmolLm2 { get; } = Path.Combine(Root, "models", "SmolLM2-135M-Instruct.Q4_1.gguf");

    public static string Gemma3 { get; } = Path.Combine(Root, "models", "gemma-3-270m.Q4_K_M-embQ4_0.gguf");

    public static string Tiny(string family) => Path.Combine(Root, "fixtures", "gguf-tiny", family + ".gguf");

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
