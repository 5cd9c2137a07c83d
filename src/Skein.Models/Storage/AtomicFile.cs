namespace Skein.Models;

/// <summary>Writes files that are there whole or not at all, also if the machine loses power: temporary name, flush to disk, rename.</summary>
internal static class AtomicFile
{
    /// <summary>Ending of names that an interrupted write may leave behind.</summary>
    public const string TemporaryEnding = ".tmp";

    private const int BufferBytes = 1 << 20;

    /// <summary>Writes a file, replacing one of that name. Two writers of the same content do not disturb each other.</summary>
    /// <exception cref="ModelException"><see cref="ModelError.StorageFailed"/>: the disk refused. The temporary file is gone.</exception>
    public static async ValueTask WriteAsync(string path, Func<Stream, CancellationToken, ValueTask> write, CancellationToken cancellationToken)
    {
        var temporary = $"{path}.{Guid.NewGuid():N}{TemporaryEnding}";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            try
            {
                var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, BufferBytes, FileOptions.Asynchronous);
                await using (stream)
                {
                    await write(stream, cancellationToken);
                    await stream.FlushAsync(cancellationToken);
                    stream.Flush(flushToDisk: true);
                }

                File.Move(temporary, path, overwrite: true);
            }
            catch
            {
                Delete(temporary);
                throw;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelException(ModelError.StorageFailed, $"{path} cannot be written: {e.Message}", e);
        }
    }

    /// <summary>Deletes a file if the system lets us; true if it is gone.</summary>
    public static bool Delete(string path)
    {
        try
        {
            File.Delete(path);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // In use (Windows) or not ours: whoever asked can go on without it.
            return false;
        }
    }
}
