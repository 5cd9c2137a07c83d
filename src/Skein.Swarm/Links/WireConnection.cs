using System.Buffers;
using System.Buffers.Binary;
using Skein.Core.Decoding;
using Skein.Swarm.Codecs;
using Skein.Swarm.Errors;
using Skein.Swarm.Messages;
using Skein.Swarm.Wire;

namespace Skein.Swarm.Links;

/// <summary>Messages over one duplex stream.</summary>
/// <remarks>
/// One reader at a time; any number of writers, whose messages are never torn. A write that fails or is cut short closes the connection, as nothing sensible can follow it.
/// All failures are <see cref="SwarmException"/>. Closed once, by <see cref="Abort"/>.
/// </remarks>
[Decoder]
internal sealed class WireConnection : IAsyncDisposable
{
    // Holds a decode frame of most models, so that it costs one read.
    private const int BufferSize = 8 * 1024;

    private readonly Stream _stream;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _closed = new();
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly byte[] _buffer = new byte[BufferSize];
    private int _start;
    private int _end;
    private long _lastReceived;
    private long _writeStarted;
    private long _askedAt;
    private ulong _nonce;
    private long _roundTripTicks = -1;
    private SwarmException? _failure;
    private Task _heartbeat = Task.CompletedTask;

    /// <summary>Takes the stream over.</summary>
    public WireConnection(Stream stream, string remote, TimeProvider time)
    {
        _stream = stream;
        _time = time;
        Remote = remote;
        _lastReceived = time.GetTimestamp();
        Closed = _closed.Token;
    }

    /// <summary>Names the other side, for people.</summary>
    public string Remote { get; }

    /// <summary>Cancelled when the connection is closed.</summary>
    public CancellationToken Closed { get; }

    /// <summary>When bytes last arrived, as a timestamp of the clock.</summary>
    public long LastReceived => Volatile.Read(ref _lastReceived);

    /// <summary>Why it was closed; null while it is open.</summary>
    public SwarmException? Failure => Volatile.Read(ref _failure);

    /// <summary>The smallest measured round trip; null before the first.</summary>
    public TimeSpan? RoundTrip => Volatile.Read(ref _roundTripTicks) is >= 0 and var ticks ? TimeSpan.FromTicks(ticks) : null;

    /// <summary>Reads the head of the next message.</summary>
    public async ValueTask<WireHeader> ReadHeaderAsync()
    {
        await FillAsync(WireEnvelope.Size);
        if (!WireEnvelope.TryRead(_buffer.AsSpan(_start, WireEnvelope.Size), out var envelope))
        {
            throw new SwarmException(SwarmError.BadMessage, $"{Remote} sent bytes that are no message of the ring.");
        }

        if (envelope.Type != WireMessageType.Frame)
        {
            _start += WireEnvelope.Size;
            return new WireHeader(envelope.Type, envelope.BodyLength);
        }

        await FillAsync(FrameHeader.Size);
        return TakeFrameHead();
    }

    /// <summary>Reads the body of a message that is no frame. Valid until the next read.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> ReadBodyAsync(WireHeader header)
    {
        if (header.BodyLength > BufferSize)
        {
            var large = new byte[header.BodyLength];
            await ReadExactlyAsync(large);
            return large;
        }

        await FillAsync(header.BodyLength);
        var body = _buffer.AsMemory(_start, header.BodyLength);
        _start += header.BodyLength;
        return body;
    }

    /// <summary>Reads a frame's payload into pooled memory and checks it.</summary>
    public async ValueTask<ReceivedFrame> ReadFrameAsync(WireHeader header)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(header.BodyLength);
        try
        {
            await ReadExactlyAsync(buffer.AsMemory(0, header.BodyLength));
            if (Crc32C.Finish(Crc32C.Append(header.HeadState, buffer.AsSpan(0, header.BodyLength))) != header.Checksum)
            {
                throw new SwarmException(SwarmError.ChecksumMismatch, $"A frame from {Remote} does not match its checksum; the connection is closed.");
            }
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(buffer);
            throw;
        }

        return new ReceivedFrame(header.Frame, buffer);
    }

    /// <summary>Passes over a body that nobody wants.</summary>
    public async ValueTask SkipAsync(WireHeader header)
    {
        var left = header.BodyLength;
        while (left > 0)
        {
            if (_start == _end)
            {
                await FillAsync(1);
            }

            var part = Math.Min(left, _end - _start);
            _start += part;
            left -= part;
        }
    }

    /// <summary>Sends a message.</summary>
    public async ValueTask SendAsync(IWireMessage message)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(WireEnvelope.Size + WireLimits.MaxBody);
        try
        {
            await WriteAsync(buffer.AsMemory(0, Encode(message, buffer)));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Sends a frame.</summary>
    /// <returns>Bytes sent.</returns>
    /// <exception cref="SwarmException"><see cref="SwarmError.NotFinite"/>: nothing was sent, the connection is still good. Anything else: it is closed.</exception>
    public async ValueTask<int> SendFrameAsync(FrameHeader header, ReadOnlyMemory<float> rows, IRowCodec codec)
    {
        var size = FrameHeader.Size + header.PayloadBytes;
        var buffer = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            codec.Encode(rows.Span, buffer.AsSpan(FrameHeader.Size, size - FrameHeader.Size));
            header.Write(buffer.AsSpan(0, size));
            await WriteAsync(buffer.AsMemory(0, size));
            return size;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Takes a heartbeat: echoes a question, measures an answer.</summary>
    public async ValueTask OnHeartbeatAsync(WireHeader header)
    {
        var body = await ReadBodyAsync(header);
        if (!HeartbeatMessage.TryRead(body.Span, out var heartbeat))
        {
            throw new SwarmException(SwarmError.BadMessage, $"{Remote} sent a malformed heartbeat.");
        }

        if (!heartbeat.IsEcho)
        {
            await SendAsync(new HeartbeatMessage(heartbeat.Nonce, IsEcho: true));
        }
        else if (heartbeat.Nonce == Volatile.Read(ref _nonce) && Interlocked.Exchange(ref _askedAt, 0) is > 0 and var asked)
        {
            // The smallest seen: what is above it is a busy machine or a full queue, not the way.
            var trip = _time.GetElapsedTime(asked).Ticks;
            Volatile.Write(ref _roundTripTicks, RoundTrip is { } known ? Math.Min(trip, known.Ticks) : trip);
        }
    }

    /// <summary>Takes the time of a question and its answer other than heartbeats, such as a greeting, while no heartbeat was measured yet.</summary>
    public void OnGreeted(long asked) => Interlocked.CompareExchange(ref _roundTripTicks, _time.GetElapsedTime(asked).Ticks, -1);

    /// <summary>Looks after the connection until it is closed: heartbeats, silence, stuck writes.</summary>
    /// <param name="timing">The bounds.</param>
    /// <param name="asks">Whether this side sends heartbeats: the side that dialled does.</param>
    /// <param name="isActive">Whether sessions use the connection at the moment.</param>
    public async Task WatchAsync(LinkTiming timing, bool asks, Func<bool> isActive)
    {
        using var timer = new PeriodicTimer(timing.Tick, _time);
        var lastTick = _time.GetTimestamp();
        // The first heartbeat of a connection in use comes at once: it measures the way, which the greeting did together with much that happens only once.
        var lastAsk = lastTick - (long)(timing.ActiveHeartbeat.TotalSeconds * _time.TimestampFrequency);
        var lastReceived = Volatile.Read(ref _lastReceived);
        var lastWrite = 0L;
        var isAsked = false;
        var silent = TimeSpan.Zero;
        var stuck = TimeSpan.Zero;
        try
        {
            while (await timer.WaitForNextTickAsync(Closed))
            {
                var now = _time.GetTimestamp();
                // Time in which this process did not run (a laptop that slept, a machine under load) says nothing about the other side.
                var passed = TimeSpan.FromTicks(Math.Min(_time.GetElapsedTime(lastTick, now).Ticks, 4 * timing.Tick.Ticks));
                lastTick = now;

                var write = Volatile.Read(ref _writeStarted);
                stuck = write != 0 && write == lastWrite ? stuck + passed : TimeSpan.Zero;
                lastWrite = write;
                if (stuck > timing.WriteBound)
                {
                    Abort(new SwarmException(SwarmError.NoProgress, $"{Remote} took none of a message for {timing.WriteBound.TotalSeconds:0} s; the connection is closed."));
                    return;
                }

                var received = Volatile.Read(ref _lastReceived);
                if (received != lastReceived)
                {
                    lastReceived = received;
                    silent = TimeSpan.Zero;
                    isAsked = false;
                }
                else if (isAsked || !asks)
                {
                    silent += passed;
                }

                var active = isActive();
                var bound = asks ? (active ? timing.ActiveAnswer : timing.IdleAnswer) : (active ? timing.PassiveActiveSilence : timing.PassiveSilence);
                if (silent > bound)
                {
                    Abort(new SwarmException(SwarmError.PeerLost, $"{Remote} was silent for {bound.TotalSeconds:0.#} s; the connection is closed."));
                    return;
                }

                if (asks && _heartbeat.IsCompleted && _time.GetElapsedTime(lastAsk, now) >= (active ? timing.ActiveHeartbeat : timing.IdleHeartbeat))
                {
                    lastAsk = now;
                    isAsked = true;
                    _heartbeat = AskAsync(now);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Closed: nothing left to look after.
        }
        finally
        {
            await _heartbeat;
        }
    }

    /// <summary>Closes the connection when nothing has cancelled the returned timer within a bound.</summary>
    /// <param name="bound">How long.</param>
    /// <param name="phase">What should have happened by then, for people.</param>
    public ITimer AbortAfter(TimeSpan bound, string phase)
        => _time.CreateTimer(
            _ => Abort(new SwarmException(SwarmError.NoProgress, $"{Remote}: {phase} took more than {bound.TotalSeconds:0.#} s; the connection is closed.")),
            null,
            bound,
            Timeout.InfiniteTimeSpan);

    /// <summary>Says why, if the other side still listens, and closes.</summary>
    public async ValueTask AbortWithNoticeAsync(SwarmException reason, TimeSpan bound)
    {
        if (Failure is null && reason.Error is not (SwarmError.PeerLost or SwarmError.NoProgress))
        {
            try
            {
                await SendAsync(new ErrorMessage(null, 0, reason.Error, reason.Message)).AsTask().WaitAsync(bound, _time);
            }
            catch (Exception failure) when (failure is SwarmException or TimeoutException)
            {
                // A courtesy: whoever does not take it learns from the closed connection.
            }
        }

        Abort(reason);
    }

    /// <summary>Closes the connection; reads and writes under way fail with <paramref name="reason"/>. Safe to call again: the first reason stays.</summary>
    public void Abort(SwarmException reason)
    {
        if (Interlocked.CompareExchange(ref _failure, reason, null) is not null)
        {
            return;
        }

        // Asynchronously: continuations of readers must not run under whatever the caller holds.
        _ = _closed.CancelAsync();
        _stream.Dispose();
    }

    /// <summary>Closes the connection.</summary>
    public ValueTask DisposeAsync()
    {
        Abort(new SwarmException(SwarmError.PeerLost, $"The connection to {Remote} was closed here."));
        return ValueTask.CompletedTask;
    }

    private static int Encode(IWireMessage message, byte[] buffer)
    {
        var writer = new FieldWriter(buffer.AsSpan(WireEnvelope.Size, WireLimits.MaxBody));
        message.Write(ref writer);
        new WireEnvelope(message.Type, writer.Length).Write(buffer);
        return WireEnvelope.Size + writer.Length;
    }

    private async Task AskAsync(long now)
    {
        Interlocked.Increment(ref _nonce);
        Volatile.Write(ref _askedAt, now);
        try
        {
            await SendAsync(new HeartbeatMessage(_nonce, IsEcho: false));
        }
        catch (SwarmException)
        {
            // The failed write closed the connection; its reader reports that.
        }
    }

    private WireHeader TakeFrameHead()
    {
        var head = _buffer.AsSpan(_start, FrameHeader.Size);
        if (!FrameHeader.TryRead(head, out var frame))
        {
            throw new SwarmException(SwarmError.BadFrame, $"{Remote} sent a frame with a head out of range.");
        }

        _start += FrameHeader.Size;
        return new WireHeader(
            WireMessageType.Frame,
            frame.PayloadBytes,
            frame,
            BinaryPrimitives.ReadUInt32LittleEndian(head[FrameHeader.ChecksumOffset..]),
            Crc32C.Append(Crc32C.Start, head[..FrameHeader.ChecksumOffset]));
    }

    private async ValueTask WriteAsync(ReadOnlyMemory<byte> message)
    {
        try
        {
            await _writing.WaitAsync(Closed);
        }
        catch (OperationCanceledException)
        {
            throw Gone();
        }

        try
        {
            Volatile.Write(ref _writeStarted, _time.GetTimestamp());
            await _stream.WriteAsync(message, Closed);
            await _stream.FlushAsync(Closed);
        }
        catch (Exception failure)
        {
            Abort(Describe(failure));
            throw Gone();
        }
        finally
        {
            Volatile.Write(ref _writeStarted, 0);
            _writing.Release();
        }
    }

    private async ValueTask FillAsync(int count)
    {
        if (_buffer.Length - _start < count)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        while (_end - _start < count)
        {
            if (_start == _end)
            {
                _start = 0;
                _end = 0;
            }

            _end += await ReadSomeAsync(_buffer.AsMemory(_end));
        }
    }

    private async ValueTask ReadExactlyAsync(Memory<byte> destination)
    {
        var held = Math.Min(destination.Length, _end - _start);
        _buffer.AsSpan(_start, held).CopyTo(destination.Span);
        _start += held;
        while (held < destination.Length)
        {
            held += await ReadSomeAsync(destination[held..]);
        }
    }

    private async ValueTask<int> ReadSomeAsync(Memory<byte> destination)
    {
        int read;
        try
        {
            read = await _stream.ReadAsync(destination, Closed);
        }
        catch (Exception failure)
        {
            Abort(Describe(failure));
            throw Gone();
        }

        if (read == 0)
        {
            Abort(new SwarmException(SwarmError.PeerLost, $"{Remote} closed the connection."));
            throw Gone();
        }

        Volatile.Write(ref _lastReceived, _time.GetTimestamp());
        return read;
    }

    private SwarmException Describe(Exception failure)
    {
        var known = SwarmErrors.From(failure);
        return new SwarmException(SwarmError.PeerLost, $"{Remote}: {known.Message}.", null, failure);
    }

    /// <summary>A fresh exception with the first reason: one instance thrown on many threads would mix their stacks.</summary>
    private SwarmException Gone()
    {
        var reason = Failure;
        return reason is null
            ? new SwarmException(SwarmError.PeerLost, $"The connection to {Remote} is closed.")
            : new SwarmException(reason.Error, reason.Message, reason.RetryAfter, reason);
    }
}
