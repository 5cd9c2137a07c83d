using Skein.P2P.Transports;

namespace Skein.Fuzz;

/// <summary>A connection whose other side says what the input holds and then ends; what is written to it is kept. Nothing ever waits. Not thread-safe.</summary>
/// <param name="script">What the other side says.</param>
internal sealed class ScriptedStream(ReadOnlyMemory<byte> script) : AsyncStream
{
    private readonly List<byte> _written = [];
    private int _at;

    /// <summary>Bytes of the script that were read.</summary>
    public int Consumed => _at;

    /// <summary>What was written so far.</summary>
    public byte[] Written => [.. _written];

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = Math.Min(buffer.Length, script.Length - _at);
        script.Slice(_at, count).CopyTo(buffer);
        _at += count;
        return ValueTask.FromResult(count);
    }

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _written.AddRange(buffer.Span);
        return ValueTask.CompletedTask;
    }
}
