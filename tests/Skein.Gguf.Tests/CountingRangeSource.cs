namespace Skein.Gguf.Tests;

/// <summary>Says what was read of another source.</summary>
internal sealed class CountingRangeSource(IRangeSource inner) : IRangeSource
{
    public string Name => inner.Name;

    public long Length => inner.Length;

    public long BytesRead { get; private set; }

    public long Furthest { get; private set; }

    public int Reads { get; private set; }

    public ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        Reads++;
        BytesRead += destination.Length;
        Furthest = Math.Max(Furthest, offset + destination.Length);
        return inner.ReadAsync(offset, destination, cancellationToken);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
