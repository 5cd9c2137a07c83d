namespace Skein.Models;

/// <summary>Where Skein keeps files on this machine. Immutable; nothing is created by looking.</summary>
/// <param name="Models">The user's own store of models.</param>
/// <param name="Cache">What can be made again: assembled stages, hashes of files.</param>
public sealed record SkeinHome(string Models, string Cache)
{
    /// <summary>One folder for everything, instead of the platform's places.</summary>
    public const string Variable = "SKEIN_HOME";

    /// <summary>Assembled stages.</summary>
    public string Stages => Path.Combine(Cache, "stages");

    /// <summary>Hashes of GGUF files outside the store.</summary>
    public string Hashes => Path.Combine(Cache, "hashes");

    /// <summary>Everything under one folder.</summary>
    public static SkeinHome In(string folder) => new(Path.Combine(Path.GetFullPath(folder), "models"), Path.Combine(Path.GetFullPath(folder), "cache"));

    /// <summary>
    /// The folders of this user: <see cref="Variable"/> if set; else Windows' local application data, macOS' Application Support and Caches,
    /// elsewhere the XDG folders (<c>XDG_DATA_HOME</c>, <c>XDG_CACHE_HOME</c>, by default below <c>~/.local/share</c> and <c>~/.cache</c>).
    /// </summary>
    /// <param name="environment">Reads a variable; null for the process's own.</param>
    /// <exception cref="ModelException"><see cref="ModelError.StorageFailed"/>: no home is known.</exception>
    public static SkeinHome Locate(Func<string, string?>? environment = null)
    {
        environment ??= Environment.GetEnvironmentVariable;
        if (environment(Variable) is { Length: > 0 } folder)
        {
            return In(folder);
        }

        if (OperatingSystem.IsWindows())
        {
            return In(Path.Combine(Known(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)), "Skein"));
        }

        if (OperatingSystem.IsMacOS())
        {
            var library = Path.Combine(Known(environment("HOME")), "Library");
            return new SkeinHome(Path.Combine(library, "Application Support", "Skein", "models"), Path.Combine(library, "Caches", "Skein"));
        }

        return new SkeinHome(
            Path.Combine(Xdg("XDG_DATA_HOME", ".local", "share"), "skein", "models"),
            Path.Combine(Xdg("XDG_CACHE_HOME", ".cache"), "skein"));

        string Xdg(string variable, params string[] below)
            => environment(variable) is { Length: > 0 } path && Path.IsPathRooted(path) ? path : Path.Combine([Known(environment("HOME")), .. below]);
    }

    private static string Known(string? folder)
        => string.IsNullOrEmpty(folder)
            ? throw new ModelException(ModelError.StorageFailed, $"This user has no home folder. Set {Variable} to a folder where Skein may keep models.")
            : folder;
}
