using System.IO.Pipelines;

namespace Skein.P2P.Transports.Memory;

/// <summary>One end of a connection within the process, with back-pressure like a socket's and, if wanted, a delay in virtual time.</summary>
public sealed class MemoryDuplexStream : AsyncStream
{
    // About what a socket buffers.
    private const int Buffered = 256 * 1024;

    private readonly PipeReader _reader;
    private readonly PipeWriter _writer;
    private readonly DelayLine? _delay;
    private int _closed;

    private MemoryDuplexStream(PipeReader reader, PipeWriter writer, DelayLine? delay)
    {
        _reader = reader;
        _writer = writer;
        _delay = delay;
    }

    /// <summary>Makes both ends.</summary>
    /// <param name="time">Clock of the delay.</param>
    /// <param name="oneWay">How long bytes are under way; zero for no delay, and then no clock is used.</param>
    public static (MemoryDuplexStream Near, MemoryDuplexStream Far) CreatePair(TimeProvider time, TimeSpan oneWay)
    {
        var options = new PipeOptions(pauseWriterThreshold: Buffered, resumeWriterThreshold: Buffered / 2, useSynchronizationContext: false);
        var there = new Pipe(options);
        var back = new Pipe(options);
        var near = new MemoryDuplexStream(back.Reader, there.Writer, oneWay > TimeSpan.Zero ? new DelayLine(there.Writer, time, oneWay) : null);
        var far = new MemoryDuplexStream(there.Reader, back.Writer, oneWay > TimeSpan.Zero ? new DelayLine(back.Writer, time, oneWay) : null);
        return (near, far);
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _closed) != 0, this);
        var result = await _reader.ReadAsync(cancellationToken);
        if (result.IsCanceled)
        {
            throw new IOException("This end was closed.");
        }

        var part = result.Buffer.Slice(0, Math.Min(buffer.Length, result.Buffer.Length));
        var target = buffer;
        foreach (var segment in part)
        {
            segment.CopyTo(target);
            target = target[segment.Length..];
        }

        // Counted before the reader gives the segments back: a sequence over them means nothing after.
        var count = (int)part.Length;
        _reader.AdvanceTo(part.End);
        return count;
    }

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _closed) != 0, this);
        if (_delay is not null)
        {
            await _delay.SendAsync(buffer, cancellationToken);
            return;
        }

        var result = await _writer.WriteAsync(buffer, cancellationToken);
        if (result.IsCompleted)
        {
            throw new IOException("The other end was closed.");
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && Interlocked.Exchange(ref _closed, 1) == 0)
        {
            if (_delay is not null)
            {
                _delay.Complete();
            }
            else
            {
                _writer.Complete();
            }

            // A read under way ends; then nobody uses the reader any more.
            _reader.CancelPendingRead();
            _reader.Complete();
        }

        base.Dispose(disposing);
    }
}
