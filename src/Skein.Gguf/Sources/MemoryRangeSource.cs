namespace Skein.Gguf;

/// <summary>Bytes in memory, borrowed for as long as the source lives. Thread-safe; every read completes at once.</summary>
/// <param name="bytes">The content.</param>
/// <param name="name">What messages call it.</param>
public sealed class MemoryRangeSource(ReadOnlyMemory<byte> bytes, string name = "memory") : IRangeSource
{
    /// <inheritdoc/>
    public string Name { get; } = name;

    /// <inheritdoc/>
    public long Length => bytes.Length;

    /// <inheritdoc/>
    public ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        RangeCheck.Throw(this, offset, destination.Length);
        bytes.Slice((int)offset, destination.Length).CopyTo(destination);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
