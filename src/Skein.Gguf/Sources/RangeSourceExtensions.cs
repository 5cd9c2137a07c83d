using System.Buffers;
using System.Security.Cryptography;
using Skein.Core.Identity;

namespace Skein.Gguf;

/// <summary>What can be done with any source.</summary>
public static class RangeSourceExtensions
{
    private const int PartBytes = 1 << 20;

    /// <summary>Hashes a range, at most 1 MiB in memory at a time.</summary>
    /// <param name="source">Borrowed.</param>
    /// <param name="offset">From the start of the source, in bytes.</param>
    /// <param name="length">Bytes to hash.</param>
    /// <param name="progress">Told the bytes hashed so far, once a part.</param>
    /// <param name="cancellationToken">Safe.</param>
    /// <exception cref="GgufException"><see cref="GgufError.Truncated"/>: the range passes the end.</exception>
    public static async ValueTask<Sha256Digest> ComputeSha256Async(this IRangeSource source, long offset, long length, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(Math.Max(length, 1), PartBytes));
        try
        {
            for (var done = 0L; done < length;)
            {
                var part = buffer.AsMemory(0, (int)Math.Min(length - done, PartBytes));
                await source.ReadAsync(offset + done, part, cancellationToken);
                hash.AppendData(part.Span);
                done += part.Length;
                progress?.Report(done);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return Sha256Digest.FromBytes(hash.GetHashAndReset());
    }
}
