using Skein.Core.Identity;

namespace Skein.Models;

/// <summary>One folder of a store: <c>pieces/ab/&lt;sha256&gt;.piece</c>, and one folder a model with its <c>manifest.json</c>. Immutable; looks at the disk anew each time.</summary>
/// <param name="Folder">Absolute path; need not exist.</param>
/// <param name="IsWritable">Whether models may be imported into it and removed from it.</param>
public sealed record StoreRoot(string Folder, bool IsWritable)
{
    /// <summary>Where pieces are; no model may be called so.</summary>
    public const string PiecesFolder = "pieces";

    /// <summary>Name of a model's manifest.</summary>
    public const string ManifestFile = "manifest.json";

    /// <summary>Ending of a piece's file.</summary>
    public const string PieceEnding = ".piece";

    /// <summary>Looks for a store that came with the program: a folder <c>models</c> with pieces, beside the program or above it (a checkout of the repository).</summary>
    /// <param name="from">Where the program is.</param>
    public static StoreRoot? FindBundled(string from)
    {
        // Deepest in a checkout: tests/<project>/bin/Release/net10.0/<rid>/publish.
        const int MostLevels = 10;
        var folder = new DirectoryInfo(from);
        for (var level = 0; level < MostLevels && folder is not null; level++, folder = folder.Parent)
        {
            var models = Path.Combine(folder.FullName, "models");
            if (Directory.Exists(Path.Combine(models, PiecesFolder)))
            {
                return new StoreRoot(models, IsWritable: false);
            }
        }

        return null;
    }

    /// <summary>Where a piece's file is or would be.</summary>
    public string PathOf(Sha256Digest piece)
    {
        var name = piece.ToString();
        return Path.Combine(Folder, PiecesFolder, name[..2], name + PieceEnding);
    }

    /// <summary>Folder of a model.</summary>
    public string FolderOf(ModelName name) => Path.Combine(Folder, name.ToString());

    /// <summary>Where a model's manifest is or would be.</summary>
    public string ManifestOf(ModelName name) => Path.Combine(FolderOf(name), ManifestFile);

    /// <summary>Whether a piece's file is there with its length. Says nothing about its bytes.</summary>
    public bool Has(PiecePart part)
    {
        var file = new FileInfo(PathOf(part.Sha256));
        return file.Exists && file.Length == part.Length;
    }

    /// <summary>Names of the models whose manifest is there, in ordinal order. Folders with names that the store does not take are passed over.</summary>
    public IEnumerable<ModelName> Names()
    {
        if (!Directory.Exists(Folder))
        {
            yield break;
        }

        foreach (var folder in Directory.EnumerateDirectories(Folder).Order(StringComparer.Ordinal))
        {
            if (ModelName.TryParse(Path.GetFileName(folder), out var name) && File.Exists(ManifestOf(name)))
            {
                yield return name;
            }
        }
    }

    /// <summary>Reads a model's manifest.</summary>
    /// <exception cref="ModelException">It cannot be read, or is malformed.</exception>
    public async ValueTask<StoredManifest> ReadManifestAsync(ModelName name, CancellationToken cancellationToken)
    {
        var path = ManifestOf(name);
        try
        {
            var length = new FileInfo(path).Length;
            if (length > ManifestLimits.MaxJsonBytes)
            {
                throw new ModelException(ModelError.BadManifest, $"{path} has {length} bytes; the limit is {ManifestLimits.MaxJsonBytes}.");
            }

            return ManifestJson.Read(await File.ReadAllBytesAsync(path, cancellationToken));
        }
        catch (ModelException e) when (e.Error == ModelError.BadManifest)
        {
            throw new ModelException(e.Error, $"{path}: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelException(ModelError.StorageFailed, $"{path} cannot be read: {e.Message}", e);
        }
    }
}
