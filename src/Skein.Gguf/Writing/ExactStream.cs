namespace Skein.Gguf;

/// <summary>Passes one tensor's bytes on and holds its writer to the size that the header announced. Leaves the inner stream open.</summary>
internal sealed class ExactStream(Stream inner, TensorDescriptor tensor, long writtenBefore, IProgress<long>? progress) : Stream
{
    private long _written;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => _written;
        set => throw new NotSupportedException();
    }

    /// <summary>Throws if bytes are missing.</summary>
    public void Complete()
    {
        if (_written != tensor.ByteLength)
        {
            throw Mismatch(_written);
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Count(buffer.Length);
        await inner.WriteAsync(buffer, cancellationToken);
        progress?.Report(writtenBefore + _written);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(byte[] buffer, int offset, int count)
    {
        Count(count);
        inner.Write(buffer, offset, count);
        progress?.Report(writtenBefore + _written);
    }

    public override void Flush()
    {
        // The caller of the writer owns the stream below and flushes it when the file is whole.
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private void Count(int count)
    {
        if (count > tensor.ByteLength - _written)
        {
            throw Mismatch(_written + count);
        }

        _written += count;
    }

    private GgufException Mismatch(long bytes)
        => new(GgufError.SizeMismatch, $"Tensor {tensor.Name} ({tensor.Type} {tensor.Shape}) takes {tensor.ByteLength} bytes; its writer produced {bytes}.");
}
