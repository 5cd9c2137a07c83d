using System.Reflection;
using System.Runtime.InteropServices;
using Skein.Engine.Errors;
using Skein.Engine.Native;

namespace Skein.Engine.Library;

/// <summary>The native llama.cpp that this process runs. Loaded once, at first use; thread-safe.</summary>
public sealed class EngineLibrary
{
    // Loaded by full path in the order of their dependencies, so that no library of the system with the same name can be taken.
    private static readonly string[] LoadOrder = ["ggml-base", "ggml-cpu", "ggml", "llama"];
    private static readonly Lazy<EngineLibrary> Instance = new(Open, LazyThreadSafetyMode.ExecutionAndPublication);
    private static readonly Dictionary<string, nint> Loaded = new(StringComparer.Ordinal);

    private EngineLibrary(string variant, string commit, string version)
    {
        Variant = variant;
        Commit = commit;
        Version = version;
        EngineClass = $"llama.cpp-{commit}/{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}-{variant}";
    }

    /// <summary>Build variant: <c>avx512</c>, <c>avx2</c>, <c>cuda12</c>.</summary>
    public string Variant { get; }

    /// <summary>llama.cpp commit that the libraries were built from.</summary>
    public string Commit { get; }

    /// <summary>Version of ggml.</summary>
    public string Version { get; }

    /// <summary>Names the arithmetic: two engines of one class compute the same bits.</summary>
    public string EngineClass { get; }

    /// <summary>Loads and checks the libraries, or returns what an earlier call loaded.</summary>
    /// <exception cref="EngineException"><see cref="EngineError.LibraryMissing"/> or <see cref="EngineError.LibraryMismatch"/>.</exception>
    public static EngineLibrary Load() => Instance.Value;

    private static EngineLibrary Open()
    {
        var (variant, folder) = LoadFirst();
        NativeLibrary.SetDllImportResolver(typeof(Llama).Assembly, Resolve);
        var (commit, version) = LayoutGuard.Check(folder);
        NativeLog.Attach();
        FatalErrors.Attach();
        Llama.BackendInit();
        return new EngineLibrary(variant, commit, version);
    }

    private static (string Variant, string Folder) LoadFirst()
    {
        var candidates = NativeFolders.Candidates(AppContext.BaseDirectory, Environment.GetEnvironmentVariable(NativeFolders.VariantVariable));
        var failures = new List<string>();
        foreach (var (variant, folder) in candidates)
        {
            if (TryLoad(folder, out var failure))
            {
                return (variant, folder);
            }

            failures.Add($"{variant}: {failure}");
        }

        var tried = failures.Count == 0 ? "no folder was there" : string.Join("; ", failures);
        throw new EngineException(
            EngineError.LibraryMissing,
            $"The native llama.cpp libraries for {NativeFolders.RuntimeId()} could not be loaded ({tried}). Build again with this runtime identifier, or install the system libraries that they need (on Linux: libgomp1).");
    }

    private static bool TryLoad(string folder, out string failure)
    {
        foreach (var name in LoadOrder)
        {
            var path = Path.Combine(folder, NativeFolders.FileName(name));
            try
            {
                Loaded[name] = NativeLibrary.Load(path);
            }
            catch (DllNotFoundException error)
            {
                failure = error.Message;
                Loaded.Clear();
                return false;
            }
            catch (BadImageFormatException error)
            {
                failure = error.Message;
                Loaded.Clear();
                return false;
            }
        }

        failure = string.Empty;
        return true;
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? searchPath)
        => Loaded.TryGetValue(name, out var handle) ? handle : 0;
}
