using Skein.Core.Identity;
using Skein.Core.Units;

namespace Skein.Models;

/// <summary>A folder of assembled files with a bound. Files are named by what they hold, so processes may share the folder. Thread-safe.</summary>
/// <remarks>
/// When a new file would pass the bound, the files unused for longest go. A file that was handed out a short while ago stays, whatever the bound: somebody may be about to load it.
/// Deleting a file that an engine has mapped is harmless where the system keeps it until it is unmapped, and refused where it does not.
/// </remarks>
public sealed class StageCache
{
    /// <summary>The default bound: room for a handful of spans of large models.</summary>
    public static readonly ByteSize DefaultBound = ByteSize.GiB(64);

    private const string Ending = ".gguf";

    /// <summary>From being handed out to being loaded: minutes, where a slow disk has to be read.</summary>
    private static readonly TimeSpan GracePeriod = TimeSpan.FromMinutes(10);

    /// <summary>A temporary file this old belongs to a process that is gone.</summary>
    private static readonly TimeSpan AbandonedAfter = TimeSpan.FromDays(1);

    private readonly ByteSize _bound;
    private readonly TimeProvider _time;

    /// <summary>Uses a folder; it is made when needed.</summary>
    /// <param name="folder">Nothing else should be in it.</param>
    /// <param name="bound">Bytes of all files together.</param>
    /// <param name="time">For the order of use.</param>
    public StageCache(string folder, ByteSize bound, TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bound.Bytes, 1, nameof(bound));
        Folder = Path.GetFullPath(folder);
        _bound = bound;
        _time = time;
    }

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <summary>Bytes of all files that are there now.</summary>
    public ByteSize Size => new(Files().Sum(file => file.Length));

    /// <summary>Path of a file; written first if it is not there.</summary>
    /// <param name="name">Hash of what it holds.</param>
    /// <param name="length">Its bytes. A file of another length is written again.</param>
    /// <param name="write">Writes exactly that many bytes.</param>
    /// <param name="cancellationToken">Safe.</param>
    /// <exception cref="ModelException"><see cref="ModelError.StorageFailed"/>.</exception>
    public async ValueTask<string> GetOrAddAsync(Sha256Digest name, long length, Func<Stream, CancellationToken, ValueTask> write, CancellationToken cancellationToken)
    {
        var path = Path.Combine(Folder, name + Ending);
        if (!IsThere(path, length))
        {
            MakeRoom(length);
            await AtomicFile.WriteAsync(path, write, cancellationToken);
        }

        Touch(path);
        return path;
    }

    /// <summary>Deletes every file that is not in use; returns the bytes that are gone.</summary>
    public ByteSize Clear()
        => new(Files().Where(file => AtomicFile.Delete(file.FullName)).Sum(file => file.Length));

    private static bool IsThere(string path, long length)
    {
        var file = new FileInfo(path);
        return file.Exists && file.Length == length;
    }

    /// <summary>Deletes the files unused for longest until <paramref name="length"/> more bytes fit.</summary>
    private void MakeRoom(long length)
    {
        var now = _time.GetUtcNow().UtcDateTime;
        var files = Files().OrderBy(file => file.LastWriteTimeUtc).ToList();
        foreach (var abandoned in files.Where(file => file.Name.EndsWith(AtomicFile.TemporaryEnding, StringComparison.Ordinal) && now - file.LastWriteTimeUtc > AbandonedAfter))
        {
            AtomicFile.Delete(abandoned.FullName);
        }

        var sum = files.Sum(file => file.Length) + length;
        foreach (var file in files.Where(file => file.Name.EndsWith(Ending, StringComparison.Ordinal)))
        {
            if (sum <= _bound.Bytes || now - file.LastWriteTimeUtc < GracePeriod)
            {
                return;
            }

            if (AtomicFile.Delete(file.FullName))
            {
                sum -= file.Length;
            }
        }
    }

    /// <summary>Notes the use in the time of change: many systems do not keep times of access.</summary>
    private void Touch(string path)
    {
        try
        {
            File.SetLastWriteTimeUtc(path, _time.GetUtcNow().UtcDateTime);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Somebody else's file in a shared folder: it only looks older than it is.
        }
    }

    private IEnumerable<FileInfo> Files()
    {
        var folder = new DirectoryInfo(Folder);
        return folder.Exists ? folder.EnumerateFiles() : [];
    }
}
