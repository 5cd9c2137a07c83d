using Skein.Core.Identity;
using Skein.Gguf;

namespace Skein.Models;

/// <summary>A model in the pieces of a store. Thread-safe.</summary>
public sealed class StoreModelSource : IModelSource
{
    private readonly ModelStore _store;

    private StoreModelSource(ModelStore store, StoredManifest stored, GgufMetadata architecture)
    {
        _store = store;
        Stored = stored;
        Architecture = architecture;
    }

    /// <summary>The manifest with its pieces.</summary>
    public StoredManifest Stored { get; }

    /// <inheritdoc/>
    public ModelManifest Manifest => Stored.Manifest;

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> About => Stored.About;

    /// <inheritdoc/>
    public GgufMetadata Architecture { get; }

    /// <summary>Opens a model whose manifest is known.</summary>
    /// <exception cref="ModelException">Its metadata is missing, wrong, or contradicts the pieces.</exception>
    /// <exception cref="GgufException">Its metadata is malformed.</exception>
    public static async ValueTask<StoreModelSource> OpenAsync(ModelStore store, StoredManifest stored, CancellationToken cancellationToken)
    {
        var architecture = await ReadDocumentAsync(store, stored.Manifest.Architecture, cancellationToken);
        var blocks = ModelShape.Read(architecture).BlockCount;
        var there = stored.Pieces.Count(piece => piece.Key.Kind == PieceKind.Block);
        if (there != blocks || stored.Pieces.Any(piece => piece.Key.Block >= blocks))
        {
            throw new ModelException(ModelError.BadManifest, $"The manifest has {there} blocks, its metadata says {blocks}.");
        }

        return new StoreModelSource(store, stored, architecture);
    }

    /// <inheritdoc/>
    public ValueTask<GgufMetadata> ReadTokenizerAsync(CancellationToken cancellationToken) => ReadDocumentAsync(_store, Manifest.Tokenizer, cancellationToken);

    /// <inheritdoc/>
    public ITensorReader OpenTensors() => new PieceReader(_store, Stored.Pieces);

    private static async ValueTask<GgufMetadata> ReadDocumentAsync(ModelStore store, MetadataDocument document, CancellationToken cancellationToken)
    {
        var path = store.PathOf(new PiecePart(document.Sha256, document.Length));
        var bytes = new byte[document.Length];
        var source = GgufModelSource.Open(path);
        await using (source)
        {
            await source.ReadAsync(0, bytes, cancellationToken);
        }

        return Sha256Digest.Compute(bytes) == document.Sha256
            ? await CanonicalMetadata.FromBytesAsync(bytes, path, cancellationToken)
            : throw new ModelException(ModelError.CorruptPiece, $"{path} is damaged: its bytes are not those that its name says. Import the model again.");
    }
}
