namespace Skein.Models;

/// <summary>Finds models by what people type: a name in the store, or the path of a GGUF file. Thread-safe.</summary>
public sealed class ModelResolver
{
    private const string GgufEnding = ".gguf";

    private readonly TensorHashCache _hashes;
    private readonly StageAssembler _assembler;

    /// <summary>Uses the folders of a user, and the models that came with the program.</summary>
    /// <param name="home">Where files are.</param>
    /// <param name="time">For ages of files.</param>
    public ModelResolver(SkeinHome home, TimeProvider time)
        : this(ModelStore.Open(home), home, time)
    {
    }

    /// <summary>Uses a store of its own.</summary>
    /// <param name="store">Models by name.</param>
    /// <param name="home">Where the caches are.</param>
    /// <param name="time">For ages of files.</param>
    public ModelResolver(ModelStore store, SkeinHome home, TimeProvider time)
    {
        Store = store;
        _hashes = new TensorHashCache(home.Hashes, time);
        Cache = new StageCache(home.Stages, StageCache.DefaultBound, time);
        _assembler = new StageAssembler(Cache);
    }

    /// <summary>Models by name.</summary>
    public ModelStore Store { get; }

    /// <summary>Assembled stages of all models.</summary>
    public StageCache Cache { get; }

    /// <summary>Finds a model.</summary>
    /// <param name="nameOrPath">A path ends in <c>.gguf</c> or has a separator; anything else is a name.</param>
    /// <param name="cancellationToken">Safe.</param>
    /// <param name="progress">Told the bytes hashed so far, when a GGUF file is seen for the first time.</param>
    /// <exception cref="ModelException">There is no such model, or it cannot be read.</exception>
    /// <exception cref="Skein.Gguf.GgufException">The file is malformed.</exception>
    public async Task<ModelHandle> ResolveAsync(string nameOrPath, CancellationToken cancellationToken, IProgress<TransferProgress>? progress = null)
    {
        if (IsPath(nameOrPath))
        {
            if (!File.Exists(nameOrPath))
            {
                throw new ModelException(ModelError.UnknownModel, Directory.Exists(nameOrPath) ? $"{nameOrPath} is a folder: name the GGUF file in it." : $"There is no file {nameOrPath}.");
            }

            var source = await GgufModelSource.OpenAsync(nameOrPath, _hashes, progress, cancellationToken);
            return new ModelHandle(Path.GetFileNameWithoutExtension(nameOrPath), source, _assembler);
        }

        if (Directory.Exists(nameOrPath) && (!ModelName.TryParse(nameOrPath, out var folder) || !Store.TryFind(folder, out _)))
        {
            throw new ModelException(ModelError.UnknownModel, $"There is no model named {nameOrPath}, but a folder: name the GGUF file in it.");
        }

        if (!ModelName.TryParse(nameOrPath, out var name) || !Store.TryFind(name, out _))
        {
            var known = Store.Names();
            throw new ModelException(
                ModelError.UnknownModel,
                $"There is no model named {nameOrPath}. {(known.Count == 0 ? "The store is empty: import a GGUF file, or give its path." : $"The store has: {string.Join(", ", known)}. A GGUF file is named by its path.")}");
        }

        return new ModelHandle(nameOrPath, await Store.OpenAsync(name, cancellationToken), _assembler);
    }

    internal static bool IsPath(string nameOrPath)
        => nameOrPath.EndsWith(GgufEnding, StringComparison.OrdinalIgnoreCase)
            || nameOrPath.Contains('/', StringComparison.Ordinal)
            || nameOrPath.Contains(Path.DirectorySeparatorChar, StringComparison.Ordinal);
}
