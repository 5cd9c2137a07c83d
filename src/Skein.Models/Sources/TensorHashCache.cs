using System.Globalization;
using System.Text;
using Skein.Core.Identity;
using Skein.Gguf;

namespace Skein.Models;

/// <summary>Remembers the hashes of a GGUF file's tensors by path, size and time of change, so that a file of many gigabytes is hashed once. Safe between processes.</summary>
/// <param name="folder">Where notes are kept; made when needed.</param>
/// <param name="time">To tell files that are being written.</param>
/// <remarks>It trusts the file system's clock: a file that is changed without changing size and time is taken for the old one. Notes that cannot be read or written are ignored.</remarks>
public sealed class TensorHashCache(string folder, TimeProvider time)
{
    private const string FirstLine = "skein-tensor-hashes-1";

    /// <summary>A file this young may be changed again within the same tick of a coarse clock (FAT: 2 s), so it is not remembered.</summary>
    private static readonly TimeSpan LeastAge = TimeSpan.FromSeconds(3);

    /// <summary>The hashes of a file, or null if it is not known as it is now.</summary>
    /// <param name="path">The file.</param>
    /// <param name="file">Its header.</param>
    /// <param name="cancellationToken">Safe.</param>
    public async ValueTask<TensorCatalogue?> ReadAsync(string path, GgufFile file, CancellationToken cancellationToken)
    {
        string[] lines;
        try
        {
            var note = new FileInfo(NoteOf(path));
            if (!note.Exists || note.Length > (file.Tensors.Count + 4L) * ((2 * Sha256Digest.Size) + 1) + (path.Length * 4L))
            {
                return null;
            }

            lines = await File.ReadAllLinesAsync(note.FullName, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        if (lines.Length != file.Tensors.Count + 2 || lines[0] != FirstLine || lines[1] != Stamp(path))
        {
            return null;
        }

        var entries = new CatalogueEntry[file.Tensors.Count];
        for (var i = 0; i < entries.Length; i++)
        {
            if (!Sha256Digest.TryParse(lines[i + 2], out var digest))
            {
                return null;
            }

            entries[i] = new CatalogueEntry(file.Tensors[i].Descriptor, digest);
        }

        return new TensorCatalogue(entries);
    }

    /// <summary>Remembers a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="catalogue">Its tensors, in the file's order.</param>
    /// <param name="cancellationToken">Safe.</param>
    public async ValueTask WriteAsync(string path, TensorCatalogue catalogue, CancellationToken cancellationToken)
    {
        try
        {
            if (time.GetUtcNow().UtcDateTime - File.GetLastWriteTimeUtc(path) < LeastAge)
            {
                return;
            }

            var text = new StringBuilder().Append(FirstLine).Append('\n').Append(Stamp(path)).Append('\n');
            foreach (var entry in catalogue.Entries)
            {
                text.Append(entry.Sha256).Append('\n');
            }

            await AtomicFile.WriteAsync(NoteOf(path), (stream, token) => stream.WriteAsync(Encoding.UTF8.GetBytes(text.ToString()), token), cancellationToken);
        }
        catch (Exception e) when (e is ModelException or IOException or UnauthorizedAccessException)
        {
            // Only a memory: without it the file is hashed again next time.
        }
    }

    private static string Stamp(string path)
    {
        var info = new FileInfo(path);
        return string.Create(CultureInfo.InvariantCulture, $"{info.Length} {info.LastWriteTimeUtc.Ticks}");
    }

    private string NoteOf(string path) => Path.Combine(folder, Sha256Digest.Compute(Encoding.UTF8.GetBytes(Path.GetFullPath(path))).ToString());
}
