namespace Skein.Models;

/// <summary>Keeps importers and removers of one root apart, between processes too: any number of importers, or one remover.</summary>
/// <remarks>A file's share mode, which the system drops with the process that held it.</remarks>
internal sealed class StoreLock : IDisposable
{
    private const string FileName = ".lock";

    private readonly FileStream _file;

    private StoreLock(FileStream file) => _file = file;

    /// <summary>Adds pieces while nobody removes any.</summary>
    /// <exception cref="ModelException"><see cref="ModelError.StoreBusy"/> or <see cref="ModelError.StorageFailed"/>.</exception>
    public static StoreLock Share(StoreRoot root) => Take(root, FileAccess.Read, FileShare.Read, "A model is being removed from the store");

    /// <summary>Removes pieces while nobody adds any.</summary>
    /// <exception cref="ModelException"><see cref="ModelError.StoreBusy"/> or <see cref="ModelError.StorageFailed"/>.</exception>
    public static StoreLock Own(StoreRoot root) => Take(root, FileAccess.ReadWrite, FileShare.None, "A model is being imported into the store, or removed from it");

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static StoreLock Take(StoreRoot root, FileAccess access, FileShare share, string busy)
    {
        var path = Path.Combine(root.Folder, FileName);
        try
        {
            Directory.CreateDirectory(root.Folder);

            // Made first and apart: opening for reading must not need the right to create at the same time as the share mode is asked for.
            if (!File.Exists(path))
            {
                using var made = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelException(ModelError.StorageFailed, $"The store {root.Folder} cannot be changed: {e.Message}", e);
        }

        try
        {
            return new StoreLock(new FileStream(path, FileMode.Open, access, share));
        }
        catch (UnauthorizedAccessException e)
        {
            throw new ModelException(ModelError.StorageFailed, $"The store {root.Folder} cannot be changed: {e.Message}", e);
        }
        catch (IOException e)
        {
            throw new ModelException(ModelError.StoreBusy, $"{busy} ({root.Folder}). Try again when that is done.", e);
        }
    }
}
