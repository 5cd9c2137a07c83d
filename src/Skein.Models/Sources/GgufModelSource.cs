using Skein.Core.Identity;
using Skein.Gguf;

namespace Skein.Models;

/// <summary>A model in one GGUF file of its own. Thread-safe. The file must not change while it is in use.</summary>
public sealed class GgufModelSource : IModelSource
{
    private readonly GgufFile _file;
    private readonly GgufMetadata _tokenizer;

    private GgufModelSource(string path, GgufFile file, ModelManifest manifest, GgufMetadata architecture, GgufMetadata tokenizer)
    {
        Path = path;
        _file = file;
        Manifest = manifest;
        Architecture = architecture;
        _tokenizer = tokenizer;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <inheritdoc/>
    public ModelManifest Manifest { get; }

    /// <inheritdoc/>
    public GgufMetadata Architecture { get; }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> About => CanonicalMetadata.About(_file.Metadata);

    /// <summary>Opens a file and finds out which model it is. Every tensor is read and hashed, unless <paramref name="hashes"/> remembers the file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="hashes">Hashes of files seen before; null hashes always.</param>
    /// <param name="progress">Told the bytes hashed so far.</param>
    /// <param name="cancellationToken">Safe.</param>
    /// <exception cref="GgufException">The file is malformed.</exception>
    /// <exception cref="ModelException">It is no whole language model, or cannot be read.</exception>
    public static async ValueTask<GgufModelSource> OpenAsync(string path, TensorHashCache? hashes, IProgress<TransferProgress>? progress, CancellationToken cancellationToken)
    {
        var full = System.IO.Path.GetFullPath(path);
        var source = Open(full);
        await using (source)
        {
            var file = await GgufReader.ReadAsync(source, limits: null, cancellationToken);
            RequireWhole(file, full);
            _ = ModelShape.Read(file.Metadata);
            var catalogue = await CatalogueAsync(file, source, hashes, progress, cancellationToken);
            var architecture = CanonicalMetadata.Architecture(file.Metadata);
            var tokenizer = CanonicalMetadata.Tokenizer(file.Metadata);
            var manifest = ModelManifest.Create(
                await DocumentAsync(architecture, cancellationToken),
                await DocumentAsync(tokenizer, cancellationToken),
                catalogue.Entries);
            return new GgufModelSource(full, file, manifest, architecture, tokenizer);
        }
    }

    /// <inheritdoc/>
    public ValueTask<GgufMetadata> ReadTokenizerAsync(CancellationToken cancellationToken) => ValueTask.FromResult(_tokenizer);

    /// <inheritdoc/>
    public ITensorReader OpenTensors() => new Reader(_file, Open(Path));

    /// <summary>Refuses a file that holds only a part of a model.</summary>
    internal static void RequireWhole(GgufFile file, string path)
    {
        if (file.Metadata.TryGetUInt32("split.count", out var count) && count > 1)
        {
            throw new ModelException(ModelError.UnsupportedModel, $"{path} is one of {count} files of a model. Merge them first: llama-gguf-split --merge.");
        }
    }

    internal static FileRangeSource Open(string path)
    {
        if (Directory.Exists(path))
        {
            throw new ModelException(ModelError.UnknownModel, $"{path} is a folder: name the GGUF file in it.");
        }

        try
        {
            return FileRangeSource.Open(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelException(ModelError.StorageFailed, $"{path} cannot be read: {e.Message}", e);
        }
    }

    private static async ValueTask<TensorCatalogue> CatalogueAsync(GgufFile file, FileRangeSource source, TensorHashCache? hashes, IProgress<TransferProgress>? progress, CancellationToken cancellationToken)
    {
        if (hashes is not null && await hashes.ReadAsync(source.Name, file, cancellationToken) is { } known)
        {
            return known;
        }

        var total = file.Tensors.Sum(tensor => tensor.ByteLength);
        var catalogue = await TensorCatalogue.ComputeAsync(file, source, TransferProgress.Relay(progress, total), cancellationToken);
        if (hashes is not null)
        {
            await hashes.WriteAsync(source.Name, catalogue, cancellationToken);
        }

        return catalogue;
    }

    private static async ValueTask<MetadataDocument> DocumentAsync(GgufMetadata metadata, CancellationToken cancellationToken)
    {
        var bytes = await CanonicalMetadata.EncodeAsync(metadata, cancellationToken);
        return new MetadataDocument(Sha256Digest.Compute(bytes), bytes.Length);
    }

    private sealed class Reader(GgufFile file, FileRangeSource source) : ITensorReader
    {
        public TensorLocation Locate(string name) => new(source, file.GetTensor(name).Offset);

        public ValueTask DisposeAsync() => source.DisposeAsync();
    }
}
