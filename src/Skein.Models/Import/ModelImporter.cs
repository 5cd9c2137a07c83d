using System.Text;
using Skein.Core.Units;
using Skein.Gguf;

namespace Skein.Models;

/// <summary>Brings GGUF files into a store. Thread-safe, and safe between processes.</summary>
/// <remarks>
/// The same file gives the same pieces and the same manifest, byte for byte. An import that was interrupted goes on where it was when it is run again: pieces that are there and intact are not written again.
/// So importing again also repairs a damaged model. The manifest comes last: a model is in the store whole, or not at all.
/// </remarks>
/// <param name="store">Its first writable folder is written to.</param>
public sealed class ModelImporter(ModelStore store)
{
    private const string LicenceFileName = "LICENSE";
    private const string OriginFileName = "ORIGIN.md";

    /// <summary>Imports a file.</summary>
    /// <param name="name">Label for the model.</param>
    /// <param name="path">The GGUF file; all of the model.</param>
    /// <param name="options">What to keep beside it.</param>
    /// <param name="progress">Told the bytes of tensors read so far.</param>
    /// <param name="cancellationToken">Safe: run the import again to go on.</param>
    /// <exception cref="ModelException">The name is another model's, the model cannot be served, or the disk refused.</exception>
    /// <exception cref="GgufException">The file is malformed.</exception>
    public async Task<ImportReport> ImportAsync(ModelName name, string path, ImportOptions options, IProgress<TransferProgress>? progress, CancellationToken cancellationToken)
    {
        var root = store.Writable;
        var source = GgufModelSource.Open(Path.GetFullPath(path));
        await using (source)
        {
            var file = await GgufReader.ReadAsync(source, limits: null, cancellationToken);
            GgufModelSource.RequireWhole(file, path);
            _ = ModelFamilies.Get(file.Metadata);
            var taken = await FindAsync(name, cancellationToken);
            if (taken is not null && !taken.Manifest.Tensors.Select(tensor => tensor.Descriptor).SequenceEqual(Ordinal(file)))
            {
                // Before hours of hashing: the tensors differ already by name or shape.
                throw NameTaken(name);
            }

            using var share = StoreLock.Share(root);
            using var writer = new PieceWriter(root);
            var stored = await WriteAsync(file, source, writer, progress, cancellationToken);
            if (taken is not null && taken.Manifest.Digest != stored.Manifest.Digest)
            {
                throw NameTaken(name);
            }

            await WriteModelAsync(root, name, stored, options, cancellationToken);
            return new ImportReport(
                name,
                stored.Manifest.Digest,
                ModelShape.Read(file.Metadata),
                new ByteSize(writer.Bytes),
                new ByteSize(writer.BytesWritten),
                writer.Files,
                writer.FilesWritten);
        }
    }

    private static async ValueTask<StoredManifest> WriteAsync(GgufFile file, IRangeSource source, PieceWriter writer, IProgress<TransferProgress>? progress, CancellationToken cancellationToken)
    {
        var architecture = await writer.WriteDocumentAsync(CanonicalMetadata.Architecture(file.Metadata), cancellationToken);
        var tokenizer = await writer.WriteDocumentAsync(CanonicalMetadata.Tokenizer(file.Metadata), cancellationToken);
        var total = file.Tensors.Sum(tensor => tensor.ByteLength);
        var before = 0L;
        var pieces = new List<ModelPiece>();
        foreach (var (key, tensors) in PieceLayout.Group(file.Tensors, tensor => tensor.Name))
        {
            pieces.Add(await writer.WritePieceAsync(key, tensors, source, TransferProgress.Relay(progress, total, before), cancellationToken));
            before += pieces[^1].Length;
        }

        var manifest = ModelManifest.Create(architecture, tokenizer, pieces.SelectMany(piece => piece.Tensors));
        return new StoredManifest(manifest, pieces, CanonicalMetadata.About(file.Metadata));
    }

    private static async ValueTask WriteModelAsync(StoreRoot root, ModelName name, StoredManifest stored, ImportOptions options, CancellationToken cancellationToken)
    {
        if (options.LicenceFile is { } licence)
        {
            await WriteFileAsync(LicenceFileName, await ReadAllAsync(licence, cancellationToken));
        }

        if (options.Origin is { } origin)
        {
            await WriteFileAsync(OriginFileName, Encoding.UTF8.GetBytes(origin));
        }

        await WriteFileAsync(StoreRoot.ManifestFile, ManifestJson.Write(stored));

        ValueTask WriteFileAsync(string file, byte[] bytes)
            => AtomicFile.WriteAsync(Path.Combine(root.FolderOf(name), file), (stream, token) => stream.WriteAsync(bytes, token), cancellationToken);
    }

    private static async ValueTask<byte[]> ReadAllAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return await File.ReadAllBytesAsync(path, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelException(ModelError.StorageFailed, $"{path} cannot be read: {e.Message}", e);
        }
    }

    private static IEnumerable<TensorDescriptor> Ordinal(GgufFile file)
        => file.Tensors.Select(tensor => tensor.Descriptor).OrderBy(descriptor => descriptor.Name, StringComparer.Ordinal);

    private static ModelException NameTaken(ModelName name)
        => new(ModelError.NameTaken, $"{name} is another model in the store. Choose another name, or remove that one first.");

    /// <summary>The model that has the name now; null if none, or if its manifest is damaged and may be replaced.</summary>
    private async ValueTask<StoredManifest?> FindAsync(ModelName name, CancellationToken cancellationToken)
    {
        if (!store.TryFind(name, out var entry))
        {
            return null;
        }

        try
        {
            return await entry.Root.ReadManifestAsync(name, cancellationToken);
        }
        catch (ModelException e) when (e.Error == ModelError.BadManifest && entry.Root.IsWritable)
        {
            return null;
        }
    }
}
