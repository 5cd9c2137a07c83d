using Microsoft.Win32.SafeHandles;

namespace Skein.Gguf;

/// <summary>A local file. Thread-safe.</summary>
public sealed class FileRangeSource : IRangeSource
{
    private readonly SafeFileHandle _handle;

    private FileRangeSource(SafeFileHandle handle, string path)
    {
        _handle = handle;
        Name = path;
        Length = RandomAccess.GetLength(handle);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public long Length { get; }

    /// <summary>Opens <paramref name="path"/> for reading; others may read, rename and delete it meanwhile.</summary>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">Nor may it be.</exception>
    public static FileRangeSource Open(string path)
    {
        var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, FileOptions.RandomAccess);
        try
        {
            return new FileRangeSource(handle, path);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        RangeCheck.Throw(this, offset, destination.Length);
        while (!destination.IsEmpty)
        {
            var read = await RandomAccess.ReadAsync(_handle, destination, offset, cancellationToken);
            if (read == 0)
            {
                throw new GgufException(GgufError.Truncated, $"{Name} became shorter while it was read: nothing at byte {offset}. Do not write to a model that is in use.");
            }

            offset += read;
            destination = destination[read..];
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _handle.Dispose();
        return ValueTask.CompletedTask;
    }
}
