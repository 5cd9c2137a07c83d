namespace Skein.Swarm.Transport;

/// <summary>Bytes one way, in memory, bounded: a writer waits for the reader as on a socket. One reader and one writer at a time; closing is safe from any thread.</summary>
internal sealed class InMemoryPipe
{
    // About what a socket buffers; small enough that tests meet back-pressure.
    private const int Capacity = 256 * 1024;

    private readonly Lock _lock = new();
    private readonly byte[] _ring = new byte[Capacity];
    private TaskCompletionSource? _readable;
    private TaskCompletionSource? _writable;
    private int _head;
    private int _count;
    private bool _ended;
    private bool _aborted;

    /// <summary>Reads at least one byte; none at the end.</summary>
    public async ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task signal;
            lock (_lock)
            {
                if (_aborted)
                {
                    throw new IOException("The stream was closed.");
                }

                if (_count > 0 || destination.IsEmpty)
                {
                    return Take(destination.Span);
                }

                if (_ended)
                {
                    return 0;
                }

                signal = (_readable ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }

            await signal.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Writes everything.</summary>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken)
    {
        while (!source.IsEmpty)
        {
            Task signal;
            lock (_lock)
            {
                if (_aborted || _ended)
                {
                    throw new IOException("The stream was closed.");
                }

                if (_count < Capacity)
                {
                    source = source[Put(source.Span)..];
                    continue;
                }

                signal = (_writable ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }

            await signal.WaitAsync(cancellationToken);
        }
    }

    /// <summary>The writer is done: the reader gets what is left, then the end.</summary>
    public void End() => Close(aborted: false);

    /// <summary>The reader is gone: reads and writes fail.</summary>
    public void Abort() => Close(aborted: true);

    private void Close(bool aborted)
    {
        lock (_lock)
        {
            _ended = true;
            _aborted |= aborted;
            Signal(ref _readable);
            Signal(ref _writable);
        }
    }

    private int Take(Span<byte> destination)
    {
        var taken = Math.Min(destination.Length, _count);
        var first = Math.Min(taken, Capacity - _head);
        _ring.AsSpan(_head, first).CopyTo(destination);
        _ring.AsSpan(0, taken - first).CopyTo(destination[first..]);
        _head = (_head + taken) % Capacity;
        _count -= taken;
        Signal(ref _writable);
        return taken;
    }

    private int Put(ReadOnlySpan<byte> source)
    {
        var put = Math.Min(source.Length, Capacity - _count);
        var tail = (_head + _count) % Capacity;
        var first = Math.Min(put, Capacity - tail);
        source[..first].CopyTo(_ring.AsSpan(tail));
        source[first..put].CopyTo(_ring);
        _count += put;
        Signal(ref _readable);
        return put;
    }

    private static void Signal(ref TaskCompletionSource? waiting)
    {
        waiting?.TrySetResult();
        waiting = null;
    }
}
