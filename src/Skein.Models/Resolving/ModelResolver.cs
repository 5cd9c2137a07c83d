namespace Skein.Models;

/// <summary>Finds models by what people type: a name in the store, or the path of a GGUF file. Thread-safe.</summary>
public sealed class ModelResolver
{
    private const string GgufEnding = ".gguf";

    private readonly TensorHashCache _hashes;
    private readonly StageAssembler _assembler;

    /// <summary>Uses the folders of a user.</summary>
    public ModelResolver(SkeinHome home, TimeProvider time)
    {
        _hashes = new TensorHashCache(home.Hashes, time);
        Cache = new StageCache(home.Stages, StageCache.DefaultBound, time);
        _assembler = new StageAssembler(Cache);
    }

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
        if (!IsPath(nameOrPath) || !File.Exists(nameOrPath))
        {
            throw new ModelException(ModelError.UnknownModel, $"There is no model {nameOrPath}: neither a name in the store nor a GGUF file.");
        }

        var source = await GgufModelSource.OpenAsync(nameOrPath, _hashes, progress, cancellationToken);
        return new ModelHandle(Path.GetFileNameWithoutExtension(nameOrPath), source, _assembler);
    }

    internal static bool IsPath(string nameOrPath)
        => nameOrPath.EndsWith(GgufEnding, StringComparison.OrdinalIgnoreCase)
            || nameOrPath.Contains('/', StringComparison.Ordinal)
            || nameOrPath.Contains(Path.DirectorySeparatorChar, StringComparison.Ordinal);
}
