using System.Buffers;

namespace Skein.Gguf;

/// <summary>A tensor to write, and how its bytes come.</summary>
/// <param name="Descriptor">What it is.</param>
/// <param name="WriteAsync">Writes exactly <see cref="TensorDescriptor.ByteLength"/> bytes. Called once.</param>
public sealed record GgufTensorContent(TensorDescriptor Descriptor, Func<Stream, CancellationToken, ValueTask> WriteAsync)
{
    private const int CopyBytes = 1 << 20;

    private static readonly byte[] ZeroBytes = new byte[64 << 10];

    /// <summary>Takes bytes from memory.</summary>
    public static GgufTensorContent FromBytes(TensorDescriptor descriptor, ReadOnlyMemory<byte> bytes)
        => new(descriptor, (stream, cancellationToken) => stream.WriteAsync(bytes, cancellationToken));

    /// <summary>Copies bytes from a source, at most 1 MiB at a time.</summary>
    /// <param name="descriptor">What it is; its length is what is copied.</param>
    /// <param name="source">Borrowed until the file is written.</param>
    /// <param name="offset">Where the data begins in the source.</param>
    public static GgufTensorContent FromRange(TensorDescriptor descriptor, IRangeSource source, long offset)
        => new(descriptor, (stream, cancellationToken) => CopyAsync(source, offset, descriptor.ByteLength, stream, cancellationToken));

    /// <summary>All bytes zero, which is the value 0 in every ggml type.</summary>
    public static GgufTensorContent Zeros(TensorDescriptor descriptor)
        => new(descriptor, (stream, cancellationToken) => WriteZerosAsync(stream, descriptor.ByteLength, cancellationToken));

    internal static async ValueTask WriteZerosAsync(Stream stream, long count, CancellationToken cancellationToken)
    {
        while (count > 0)
        {
            var part = (int)Math.Min(count, ZeroBytes.Length);
            await stream.WriteAsync(ZeroBytes.AsMemory(0, part), cancellationToken);
            count -= part;
        }
    }

    private static async ValueTask CopyAsync(IRangeSource source, long offset, long count, Stream stream, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(count, CopyBytes));
        try
        {
            while (count > 0)
            {
                var part = buffer.AsMemory(0, (int)Math.Min(count, CopyBytes));
                await source.ReadAsync(offset, part, cancellationToken);
                await stream.WriteAsync(part, cancellationToken);
                offset += part.Length;
                count -= part.Length;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
