using System.Buffers;
using System.Security.Cryptography;
using Skein.Core.Identity;
using Skein.Gguf;

namespace Skein.Models;

/// <summary>Copies a tensor into a file that is being made, and holds it to its hash in the manifest.</summary>
internal static class CheckedTensor
{
    private const int CopyBytes = 1 << 20;

    /// <summary>A tensor to write. Its writer throws at the end if the bytes were wrong: whoever writes the file throws it away then.</summary>
    public static GgufTensorContent From(TensorDescriptor target, TensorLocation location, Sha256Digest expected)
        => new(target, (stream, cancellationToken) => CopyAsync(target, location, expected, stream, cancellationToken));

    private static async ValueTask CopyAsync(TensorDescriptor target, TensorLocation location, Sha256Digest expected, Stream stream, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(target.ByteLength, CopyBytes));
        try
        {
            for (var done = 0L; done < target.ByteLength;)
            {
                var part = buffer.AsMemory(0, (int)Math.Min(target.ByteLength - done, CopyBytes));
                await location.Source.ReadAsync(location.Offset + done, part, cancellationToken);
                hash.AppendData(part.Span);
                await stream.WriteAsync(part, cancellationToken);
                done += part.Length;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        if (Sha256Digest.FromBytes(hash.GetHashAndReset()) != expected)
        {
            throw new ModelException(
                ModelError.CorruptPiece,
                $"{location.Source.Name} is damaged or was changed: the bytes that become {target.Name} are not those of the model's manifest. Import the model again, or fetch the file again.");
        }
    }
}
