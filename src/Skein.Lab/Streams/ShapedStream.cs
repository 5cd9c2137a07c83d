using System.Buffers;
using System.Threading.Channels;

namespace Skein.Lab.Streams;

/// <summary>A stream whose writes take the time that a bad line would take: paced, delayed, never reordered.</summary>
/// <remarks>
/// Needs no rights and no kernel: it is how one machine plays a far one. Only what is written is shaped; both ends wear a <see cref="ShapedStream"/> to see a whole round trip.
/// A write ends once its bytes fit the line's buffer, as with a socket, so a fast writer is held to the rate of the line. A failure of the inner stream shows at the next write.
/// One reader and one writer may be active at a time. Only asynchronous writes are offered, as every write may wait.
/// </remarks>
public sealed class ShapedStream : Stream
{
    /// <summary>Chunks under way at most: 16 MiB of the largest. Only an unlimited line with a long delay comes near; its writers then wait.</summary>
    private const int MostChunksUnderWay = 1_024;

    /// <summary>Timers count in milliseconds; what is due in less than half of one is sent now, so that errors cancel out.</summary>
    private const long TimerGrain = 500_000;

    /// <summary>How long a closing stream waits, beyond the line's own delay, for an inner stream that takes nothing any more.</summary>
    private static readonly TimeSpan CloseGrace = TimeSpan.FromSeconds(5);

    private readonly Stream _inner;
    private readonly LinkShaper _line;
    private readonly Channel<Chunk> _underWay;
    private readonly CancellationTokenSource _abort = new();
    private readonly Task _pump;
    private long _lastArrival;
    private int _closed;

    /// <summary>Wraps a stream.</summary>
    /// <param name="inner">The stream underneath; owned from here on.</param>
    /// <param name="line">The uplink that this stream leaves over; may be shared by many streams.</param>
    public ShapedStream(Stream inner, LinkShaper line)
    {
        _inner = inner;
        _line = line;
        _underWay = Channel.CreateBounded<Chunk>(new BoundedChannelOptions(MostChunksUnderWay) { SingleReader = true, SingleWriter = true });
        _pump = Task.Run(PumpAsync);
    }

    /// <inheritdoc/>
    public override bool CanRead => _inner.CanRead;

    /// <inheritdoc/>
    public override bool CanWrite => _inner.CanWrite;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException("A shaped stream has no length.");

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException("A shaped stream has no position.");
        set => throw new NotSupportedException("A shaped stream has no position.");
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => _inner.Read(buffer, offset, count);

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer) => _inner.Read(buffer);

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        _inner.ReadAsync(buffer, offset, count, cancellationToken);

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _inner.ReadAsync(buffer, cancellationToken);

    /// <summary>Not offered.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public override void Write(byte[] buffer, int offset, int count) =>
        throw new NotSupportedException("A shaped stream is written to asynchronously only: every write may wait for the line.");

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>Hands bytes to the line; ends when the last of them has found room in its buffer.</summary>
    /// <remarks>Cancelled midway, the bytes before the last whole chunk still arrive.</remarks>
    /// <exception cref="IOException">The inner stream failed since.</exception>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_closed != 0, this);
        while (buffer.Length > 0)
        {
            while (_line.WaitForRoom() is > 0 and var wait)
            {
                await Task.Delay(Milliseconds(wait), _line.Time, cancellationToken);
            }

            await WaitForPlaceAsync(cancellationToken);
            var size = Math.Min(buffer.Length, _line.ChunkBytes);
            var copy = ArrayPool<byte>.Shared.Rent(size);
            buffer.Span[..size].CopyTo(copy);
            _lastArrival = Math.Max(_lastArrival, _line.Send(size));
            if (!_underWay.Writer.TryWrite(new Chunk(copy, size, _lastArrival)))
            {
                // Only a pump that failed in between leaves no place; the next turn says why.
                ArrayPool<byte>.Shared.Return(copy);
                continue;
            }

            buffer = buffer[size..];
        }
    }

    /// <summary>Does nothing: the line sends by itself.</summary>
    public override void Flush()
    {
    }

    /// <summary>Does nothing: the line sends by itself.</summary>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException("A shaped stream cannot seek.");

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException("A shaped stream has no length.");

    /// <summary>Closes the stream once what is under way has arrived, as a closed socket does.</summary>
    public override async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _closed, 1) == 0)
        {
            _underWay.Writer.TryComplete();
            var longest = Milliseconds(Math.Max(0, _lastArrival - _line.Now)) + CloseGrace;
            using (var limit = new CancellationTokenSource(longest, _line.Time))
            using (limit.Token.Register(_abort.Cancel))
            {
                await _pump;
            }

            await _inner.DisposeAsync();
            _abort.Dispose();
        }

        await base.DisposeAsync();
    }

    /// <summary>Closes the stream at once; what is under way is lost.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing && Interlocked.Exchange(ref _closed, 1) == 0)
        {
            _underWay.Writer.TryComplete();
            _abort.Cancel();
            _inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private static TimeSpan Milliseconds(long nanoseconds) =>
        TimeSpan.FromMilliseconds((nanoseconds + TimerGrain) / (2 * TimerGrain));

    private async ValueTask WaitForPlaceAsync(CancellationToken cancellationToken)
    {
        var open = false;
        try
        {
            open = await _underWay.Writer.WaitToWriteAsync(cancellationToken);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IOException($"The stream under a shaped line failed: {error.Message}", error);
        }

        if (!open)
        {
            throw new IOException("The shaped stream was closed during a write.");
        }
    }

    private async Task PumpAsync()
    {
        var cancellationToken = _abort.Token;
        Exception? failure = null;
        try
        {
            await foreach (var chunk in _underWay.Reader.ReadAllAsync(cancellationToken))
            {
                try
                {
                    while (chunk.Arrives - _line.Now is >= TimerGrain and var wait)
                    {
                        await Task.Delay(Milliseconds(wait), _line.Time, cancellationToken);
                    }

                    await _inner.WriteAsync(chunk.Buffer.AsMemory(0, chunk.Size), cancellationToken);
                    await _inner.FlushAsync(cancellationToken);
                }
                finally
                {
                    ArrayPool<byte>.Shared.Return(chunk.Buffer);
                }
            }
        }
        catch (Exception error)
        {
            // Whatever it was belongs to the next writer; a pump has nobody else to tell.
            failure = error;
        }

        _underWay.Writer.TryComplete(failure);
        while (_underWay.Reader.TryRead(out var left))
        {
            ArrayPool<byte>.Shared.Return(left.Buffer);
        }
    }

    private readonly record struct Chunk(byte[] Buffer, int Size, long Arrives);
}
