using System.Buffers;
using System.Security.Cryptography;
using Skein.Core.Identity;
using Skein.Gguf;

namespace Skein.Models;

/// <summary>Writes pieces into a root, one part in memory at a time; parts that are there already, byte for byte, are left alone. One caller at a time.</summary>
internal sealed class PieceWriter(StoreRoot root) : IDisposable
{
    private const int ReadBytes = 1 << 20;

    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(PieceLayout.MaxPartBytes);
    private readonly HashSet<string> _files = new(StringComparer.Ordinal);

    /// <summary>Bytes of all files seen.</summary>
    public long Bytes { get; private set; }

    /// <summary>Bytes of those that had to be written.</summary>
    public long BytesWritten { get; private set; }

    /// <summary>Files seen.</summary>
    public int Files => _files.Count;

    /// <summary>Files that had to be written.</summary>
    public int FilesWritten { get; private set; }

    /// <summary>Keeps a metadata document.</summary>
    public async ValueTask<MetadataDocument> WriteDocumentAsync(GgufMetadata metadata, CancellationToken cancellationToken)
    {
        var bytes = await CanonicalMetadata.EncodeAsync(metadata, cancellationToken);
        var part = await WritePartAsync(bytes, cancellationToken);
        return new MetadataDocument(part.Sha256, part.Length);
    }

    /// <summary>Keeps a piece.</summary>
    /// <param name="key">Which.</param>
    /// <param name="tensors">In the order of their bytes.</param>
    /// <param name="source">The file that has them.</param>
    /// <param name="progress">Told the bytes read of this piece.</param>
    /// <param name="cancellationToken">Safe: what was written is found again.</param>
    public async ValueTask<ModelPiece> WritePieceAsync(PieceKey key, IReadOnlyList<GgufTensor> tensors, IRangeSource source, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        var entries = new List<CatalogueEntry>(tensors.Count);
        var parts = new List<PiecePart>();
        var filled = 0;
        var done = 0L;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var tensor in tensors)
        {
            for (var read = 0L; read < tensor.ByteLength;)
            {
                var count = (int)Math.Min(Math.Min(tensor.ByteLength - read, ReadBytes), PieceLayout.MaxPartBytes - filled);
                var chunk = _buffer.AsMemory(filled, count);
                await source.ReadAsync(tensor.Offset + read, chunk, cancellationToken);
                hash.AppendData(chunk.Span);
                read += count;
                filled += count;
                if (filled == PieceLayout.MaxPartBytes)
                {
                    parts.Add(await WritePartAsync(_buffer.AsMemory(0, filled), cancellationToken));
                    filled = 0;
                }

                done += count;
                progress?.Report(done);
            }

            entries.Add(new CatalogueEntry(tensor.Descriptor, Sha256Digest.FromBytes(hash.GetHashAndReset())));
        }

        if (filled > 0)
        {
            parts.Add(await WritePartAsync(_buffer.AsMemory(0, filled), cancellationToken));
        }

        return new ModelPiece(key, entries, parts);
    }

    /// <inheritdoc/>
    public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);

    private async ValueTask<PiecePart> WritePartAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        var part = new PiecePart(Sha256Digest.Compute(bytes.Span), bytes.Length);
        var path = root.PathOf(part.Sha256);
        if (!_files.Add(path))
        {
            return part;
        }

        Bytes += part.Length;
        if (!await IsIntactAsync(part, path, cancellationToken))
        {
            await AtomicFile.WriteAsync(path, (stream, token) => stream.WriteAsync(bytes, token), cancellationToken);
            BytesWritten += part.Length;
            FilesWritten++;
        }

        return part;
    }

    /// <summary>Whether an earlier import left the part as it must be.</summary>
    private async ValueTask<bool> IsIntactAsync(PiecePart part, string path, CancellationToken cancellationToken)
    {
        if (!root.Has(part))
        {
            return false;
        }

        var there = GgufModelSource.Open(path);
        await using (there)
        {
            return there.Length == part.Length && await there.ComputeSha256Async(0, part.Length, null, cancellationToken) == part.Sha256;
        }
    }
}
