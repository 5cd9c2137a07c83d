using System.Diagnostics.CodeAnalysis;
using Skein.Core.Units;

namespace Skein.Models;

/// <summary>Models in pieces, in one or several folders: the user's own, and what came with the program. Thread-safe, and safe between processes.</summary>
public sealed class ModelStore
{
    /// <summary>Takes folders in order of precedence.</summary>
    /// <param name="roots">At least one.</param>
    public ModelStore(params IReadOnlyList<StoreRoot> roots)
    {
        ArgumentOutOfRangeException.ThrowIfZero(roots.Count, nameof(roots));
        Roots = roots;
    }

    /// <summary>Folders in order of precedence.</summary>
    public IReadOnlyList<StoreRoot> Roots { get; }

    /// <summary>The folder that models are imported into.</summary>
    /// <exception cref="ModelException"><see cref="ModelError.StorageFailed"/>: every folder is read-only.</exception>
    public StoreRoot Writable => Roots.FirstOrDefault(root => root.IsWritable)
        ?? throw new ModelException(ModelError.StorageFailed, $"The store {Roots[0].Folder} is read-only.");

    /// <summary>The user's store and, behind it, what came with the program.</summary>
    public static ModelStore Open(SkeinHome home)
    {
        var own = new StoreRoot(home.Models, IsWritable: true);
        return StoreRoot.FindBundled(AppContext.BaseDirectory) is { } bundled ? new ModelStore(own, bundled) : new ModelStore(own);
    }

    /// <summary>Finds a model by name: the first folder that has it.</summary>
    public bool TryFind(ModelName name, [NotNullWhen(true)] out StoreEntry? entry)
    {
        var root = Roots.FirstOrDefault(root => File.Exists(root.ManifestOf(name)));
        entry = root is null ? null : new StoreEntry(name, root);
        return entry is not null;
    }

    /// <summary>Whether a piece's file is there with its length, in any folder. Says nothing about its bytes.</summary>
    public bool Has(PiecePart part) => Roots.Any(root => root.Has(part));

    /// <summary>The file of a piece.</summary>
    /// <exception cref="ModelException"><see cref="ModelError.MissingPiece"/>: no folder has it with its length.</exception>
    public string PathOf(PiecePart part)
        => Roots.FirstOrDefault(root => root.Has(part))?.PathOf(part.Sha256)
            ?? throw new ModelException(ModelError.MissingPiece, $"The store lacks piece {part.Sha256} of {part.Length} bytes, or it is cut short. Import the model again.");

    /// <summary>Names of all models, ordinal.</summary>
    public IReadOnlyList<ModelName> Names() => [.. Roots.SelectMany(root => root.Names()).DistinctBy(name => name.ToString(), StringComparer.Ordinal).OrderBy(name => name.ToString(), StringComparer.Ordinal)];

    /// <summary>Opens a model.</summary>
    /// <exception cref="ModelException">It is not there, its manifest is bad, or its metadata is missing or wrong.</exception>
    public async ValueTask<StoreModelSource> OpenAsync(ModelName name, CancellationToken cancellationToken)
    {
        if (!TryFind(name, out var entry))
        {
            throw new ModelException(ModelError.UnknownModel, $"There is no model {name} in the store.");
        }

        return await StoreModelSource.OpenAsync(this, await entry.Root.ReadManifestAsync(name, cancellationToken), cancellationToken);
    }

    /// <summary>Describes every model. One that is damaged is there with its <see cref="ModelSummary.Problem"/>.</summary>
    public async Task<IReadOnlyList<ModelSummary>> ListAsync(CancellationToken cancellationToken)
    {
        var summaries = new List<ModelSummary>();
        foreach (var name in Names())
        {
            summaries.Add(await SummariseAsync(name, cancellationToken));
        }

        return summaries;
    }

    /// <summary>Removes a model, and the pieces that no other model of its folder needs.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="cancellationToken">Safe: the model is gone or whole; pieces may be left that the next removal takes.</param>
    /// <exception cref="ModelException">It is not there, came with the program, or somebody else is changing the store.</exception>
    public async Task<RemovalReport> RemoveAsync(ModelName name, CancellationToken cancellationToken)
    {
        if (!TryFind(name, out var entry))
        {
            throw new ModelException(ModelError.UnknownModel, $"There is no model {name} in the store.");
        }

        if (!entry.Root.IsWritable)
        {
            throw new ModelException(ModelError.StorageFailed, $"{name} came with the program ({entry.Root.Folder}) and cannot be removed by it.");
        }

        using var own = StoreLock.Own(entry.Root);

        // All other manifests are read first: a piece is deleted only if it is known that nobody needs it.
        var needed = new HashSet<string>(StringComparer.Ordinal);
        foreach (var other in entry.Root.Names().Where(other => other != name))
        {
            var manifest = await entry.Root.ReadManifestAsync(other, cancellationToken);
            needed.UnionWith(manifest.Files().Select(part => entry.Root.PathOf(part.Sha256)));
        }

        cancellationToken.ThrowIfCancellationRequested();
        DeleteModel(entry);
        var (files, bytes) = DeletePieces(entry.Root, needed);
        return new RemovalReport(name, files, new ByteSize(bytes));
    }

    private static void DeleteModel(StoreEntry entry)
    {
        try
        {
            // First the manifest: without it the rest is no model, should we be interrupted.
            File.Delete(entry.Root.ManifestOf(entry.Name));
            Directory.Delete(entry.Root.FolderOf(entry.Name), recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelException(ModelError.StorageFailed, $"{entry.Root.FolderOf(entry.Name)} cannot be removed: {e.Message}", e);
        }
    }

    private static (int Files, long Bytes) DeletePieces(StoreRoot root, HashSet<string> needed)
    {
        var pieces = new DirectoryInfo(Path.Combine(root.Folder, StoreRoot.PiecesFolder));
        var files = 0;
        var bytes = 0L;
        if (!pieces.Exists)
        {
            return (files, bytes);
        }

        // What interrupted imports left goes too: nobody imports now.
        foreach (var file in pieces.EnumerateFiles("*", SearchOption.AllDirectories))
        {
            var isPiece = file.Extension is StoreRoot.PieceEnding or AtomicFile.TemporaryEnding;
            if (isPiece && !needed.Contains(file.FullName) && AtomicFile.Delete(file.FullName))
            {
                files++;
                bytes += file.Length;
            }
        }

        return (files, bytes);
    }

    private async ValueTask<ModelSummary> SummariseAsync(ModelName name, CancellationToken cancellationToken)
    {
        if (!TryFind(name, out var entry))
        {
            return new ModelSummary(name, default, null, default, IsBundled: false, "it was removed a moment ago");
        }

        try
        {
            var source = await OpenAsync(name, cancellationToken);
            var missing = source.Stored.Files().Count(part => !Has(part));
            return new ModelSummary(
                name,
                source.Manifest.Digest,
                ModelShape.Read(source.Architecture),
                new ByteSize(source.Manifest.TensorBytes),
                !entry.Root.IsWritable,
                missing == 0 ? null : $"{missing} of its files are missing or cut short; import it again");
        }
        catch (Exception e) when (e is ModelException or Skein.Gguf.GgufException)
        {
            return new ModelSummary(name, default, null, default, !entry.Root.IsWritable, e.Message);
        }
    }
}
