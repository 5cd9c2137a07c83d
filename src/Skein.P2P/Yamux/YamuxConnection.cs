using Skein.P2P.Errors;
using Skein.P2P.Noise;
using Skein.P2P.Resources;

namespace Skein.P2P.Yamux;

/// <summary>Many streams over one encrypted connection (libp2p/specs, yamux; hashicorp/yamux). Thread-safe.</summary>
/// <remarks>
/// <para>One read loop decrypts in place and hands bytes straight to waiting readers. Writers send on their own thread while the connection is free; when the
/// socket makes them wait, a writer loop takes over. Each encrypted message is filled anew from what waits then: answers and window updates first, then
/// control streams, decode streams, and bulk streams in turn with small frames. So nothing waits longer than one message behind a class below its own.</para>
/// <para>While decode messages are about, on any connection of the host, bulk is paced to what the line carries without a queue: see <see cref="BulkPacer"/>.</para>
/// <para>A steady flow allocates nothing.</para>
/// </remarks>
public sealed class YamuxConnection : IAsyncDisposable
{
    /// <summary>Protocol id.</summary>
    public const string Protocol = "/yamux/1.0.0";

    // Messages that a caller sends for others before the writer loop takes over.
    private const int InlineMessages = 8;

    // Bulk frames that share a message while the socket takes everything at once; one if it does not.
    private const int FastBulkFrames = 3;

    // A frame for a stream that is gone is skipped; one that is longer than any window is an attack.
    private const uint MaxSkipped = 16 * 1024 * 1024;

    private readonly NoiseChannel _channel;
    private readonly bool _initiator;
    private readonly Action<YamuxStream> _onStream;
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _closing = new();
    private readonly SemaphoreSlim _writerSignal = new(0, 1);
    private readonly TaskCompletionSource<P2PException?> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim _backlog;
    private readonly ITimer _lingerTimer;
    private readonly ResourceShare? _share;
    private readonly DecodeActivity _decoding;
    private readonly long _origin;
    private Task _readLoop = Task.CompletedTask;
    private Task _writeLoop = Task.CompletedTask;
    private Task _pingLoop = Task.CompletedTask;

    // Guarded by the lock.
    private readonly Dictionary<uint, YamuxStream> _streams = [];
    private readonly Queue<YamuxHeader> _control = new();
    private readonly List<YamuxStream> _filled = [];
    private StreamQueue _controlStreams = new(ofControl: true);
    private StreamQueue _controlData = new(ofControl: false);
    private StreamQueue _decodeData = new(ofControl: false);
    private StreamQueue _bulkData = new(ofControl: false);
    private uint _nextId;
    private int _inbound;
    private int _outbound;
    private long _buffered;
    private bool _writing;
    private bool _goAwaySent;
    private bool _remoteGoneAway;
    private P2PException? _fault;
    private int _bulkFrames = FastBulkFrames;
    private uint _pingId;
    private uint _pingAwaited;
    private TaskCompletionSource? _ping;
    private BulkPacer? _pacer;
    private ITimer? _paceTimer;
    private long _pingSent;

    // Owned by whoever writes.
    private ValueTask _sending;
    private bool _sendPending;
    private int _disposed;

    /// <summary>Creates a session; it does nothing before <see cref="Start"/>.</summary>
    /// <param name="channel">The connection; the session owns it.</param>
    /// <param name="initiator">Whether this side dialled: it numbers its streams 1, 3, 5; the other 2, 4, 6.</param>
    /// <param name="options">Limits and times.</param>
    /// <param name="time">Clock.</param>
    /// <param name="onStream">Takes streams that the other side opens. Called on the read loop: it must not block, and owns the stream.</param>
    public YamuxConnection(NoiseChannel channel, bool initiator, YamuxOptions options, TimeProvider time, Action<YamuxStream> onStream)
        : this(channel, initiator, options, time, onStream, null, new DecodeActivity(time))
    {
    }

    // The share is what it may take of its host's budget; null outside a host. The session owns it. The decode activity is all the host's.
    internal YamuxConnection(NoiseChannel channel, bool initiator, YamuxOptions options, TimeProvider time, Action<YamuxStream> onStream, ResourceShare? share, DecodeActivity decoding)
    {
        _share = share;
        _decoding = decoding;
        _origin = time.GetTimestamp();
        _channel = channel;
        _initiator = initiator;
        Options = options;
        Time = time;
        _onStream = onStream;
        _nextId = initiator ? 1u : 2u;
        _backlog = new SemaphoreSlim(options.AckBacklog, options.AckBacklog);
        _lingerTimer = time.CreateTimer(static state => ((YamuxConnection)state!).ResetLingering(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Limits and times.</summary>
    public YamuxOptions Options { get; }

    /// <summary>Round trip of the last ping, without the peer's thinking time; zero if not known yet.</summary>
    public TimeSpan RoundTrip { get; private set; }

    /// <summary>Ends when the session does, with the reason; null if it was closed in order.</summary>
    public Task<P2PException?> Closed => _closed.Task;

    /// <summary>Streams open now.</summary>
    public int StreamCount
    {
        get
        {
            lock (_gate)
            {
                return _streams.Count;
            }
        }
    }

    internal TimeProvider Time { get; }

    /// <summary>Starts reading, and pinging.</summary>
    public void Start()
    {
        _writeLoop = WriteLoopAsync();
        _readLoop = ReadLoopAsync();
        _pingLoop = PingLoopAsync();
    }

    /// <summary>Opens a stream. Nothing is sent before its first write or read.</summary>
    /// <param name="streamClass">What it will carry.</param>
    /// <param name="cancellationToken">Safe.</param>
    /// <exception cref="P2PException"><see cref="P2PError.ConnectionClosed"/> or <see cref="P2PError.LimitReached"/>.</exception>
    public async ValueTask<YamuxStream> OpenStreamAsync(StreamClass streamClass, CancellationToken cancellationToken)
    {
        if (!_backlog.Wait(0, CancellationToken.None))
        {
            await _backlog.WaitAsync(cancellationToken);
        }

        YamuxStream stream;
        lock (_gate)
        {
            var refusal = _fault ?? (_remoteGoneAway || _goAwaySent ? new P2PException(P2PError.ConnectionClosed, "The connection is closing.") : null)
                ?? (_outbound >= Options.MaxOutboundStreams ? new P2PException(P2PError.LimitReached, $"{_outbound} streams are open on this connection already.") : null)
                ?? (_nextId > uint.MaxValue - 2 ? new P2PException(P2PError.LimitReached, "The connection has used up its stream numbers; open another.") : null);
            if (refusal is not null)
            {
                _backlog.Release();
                throw refusal;
            }

            stream = new YamuxStream(this, _gate, _nextId, outbound: true, streamClass) { AwaitsAck = true };
            _streams.Add(_nextId, stream);
            _nextId += 2;
            _outbound++;
        }

        // A bulk stream announces its larger window with its opening.
        if (streamClass == StreamClass.Bulk)
        {
            Kick();
        }

        return stream;
    }

    /// <summary>Pings the other side on the session itself.</summary>
    /// <returns>The round trip.</returns>
    /// <exception cref="P2PException"><see cref="P2PError.ConnectionClosed"/>, or <see cref="P2PError.TimedOut"/> after <see cref="YamuxOptions.PingTimeout"/>.</exception>
    public async Task<TimeSpan> PingAsync(CancellationToken cancellationToken)
    {
        TaskCompletionSource ping;
        lock (_gate)
        {
            if (_fault is not null)
            {
                throw _fault;
            }

            if (_ping is null)
            {
                _ping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _pingSent = Time.GetTimestamp();
                _pingAwaited = ++_pingId;
                _control.Enqueue(new YamuxHeader(YamuxFrameType.Ping, YamuxFlags.Syn, 0, _pingAwaited));
            }

            ping = _ping;
        }

        Kick();
        try
        {
            await ping.Task.WaitAsync(Options.PingTimeout, Time, cancellationToken);
        }
        catch (TimeoutException) when (ping.Task.IsCompletedSuccessfully)
        {
            // It was answered; on a busy machine the time ran out before anybody looked.
        }
        catch (TimeoutException fault)
        {
            throw new P2PException(P2PError.TimedOut, $"No answer to a ping within {Options.PingTimeout.TotalSeconds:0.#} s.", fault);
        }

        return RoundTrip;
    }

    /// <summary>Closes the session: says so, waits shortly for what is queued, then closes the connection. Open streams fail.</summary>
    public async Task CloseAsync(YamuxGoAway reason)
    {
        bool waiting;
        lock (_gate)
        {
            waiting = _fault is null && !_goAwaySent;
            if (waiting)
            {
                _goAwaySent = true;
                _control.Enqueue(new YamuxHeader(YamuxFrameType.GoAway, YamuxFlags.None, 0, (uint)reason));
            }
        }

        if (waiting)
        {
            Kick();
            await Task.WhenAny(_drained.Task, _closed.Task, Task.Delay(Options.CloseTimeout, Time));
        }

        Fail(null);
    }

    /// <summary>Closes in order, and waits for the loops.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            await _closed.Task;
            return;
        }

        await CloseAsync(YamuxGoAway.Normal);
        await _readLoop;
        await _writeLoop;
        await _pingLoop;
        await _lingerTimer.DisposeAsync();
        if (_paceTimer is not null)
        {
            await _paceTimer.DisposeAsync();
        }

        _closing.Dispose();
        bool idle;
        lock (_gate)
        {
            idle = !_writing;
        }

        // A writer that is inside the socket's call this moment still has the buffer: then the collector takes it.
        if (idle)
        {
            _channel.ReturnBuffers();
        }
    }

    // Sends what is queued, unless somebody does already. Called without the lock.
    internal void Kick()
    {
        lock (_gate)
        {
            if (_writing || _fault is not null || !HasWork())
            {
                return;
            }

            _writing = true;
        }

        for (var messages = 0; ; messages++)
        {
            if (messages == InlineMessages)
            {
                _writerSignal.Release();
                return;
            }

            if (!TrySendNext())
            {
                return;
            }

            if (_sendPending)
            {
                _writerSignal.Release();
                return;
            }
        }
    }

    internal void EnqueueControl(YamuxStream stream) => _controlStreams.Enqueue(stream);

    internal void EnqueueData(YamuxStream stream)
    {
        switch (stream.Class)
        {
            case StreamClass.Control:
                _controlData.Enqueue(stream);
                break;
            case StreamClass.Decode:
                _decodeData.Enqueue(stream);
                break;
            default:
                _bulkData.Enqueue(stream);
                break;
        }
    }

    internal bool TryBuffer(int count)
    {
        if (_buffered + count > Options.MaxBuffered || _share?.TryTakeBytes(count) == false)
        {
            return false;
        }

        _buffered += count;
        return true;
    }

    internal void OnUnbuffered(int count)
    {
        _buffered -= count;
        _share?.GiveBackBytes(count);
    }

    internal void Remove(YamuxStream stream)
    {
        if (!stream.IsRemoved)
        {
            stream.IsRemoved = true;
            _streams.Remove(stream.Id);
            Uncount(stream);
        }

        Acknowledge(stream);
    }

    // A stream that is gone is counted while a frame of it waits for the peer to read, a reset above all: or a peer that reads nothing could make us queue frames without end.
    private void Uncount(YamuxStream stream)
    {
        if (!stream.IsRemoved || !stream.IsCounted || stream.IsQueued)
        {
            return;
        }

        stream.IsCounted = false;
        if (stream.IsOutbound)
        {
            _outbound--;
        }
        else
        {
            _inbound--;
            _share?.GiveBackStream();
        }
    }

    internal void RemoveIfFinished(YamuxStream stream)
    {
        if (stream.IsFinished)
        {
            Remove(stream);
        }
    }

    internal void OnDecodeSent(long timestamp) => _decoding.Touch(timestamp);

    internal void StartLinger() => _lingerTimer.Change(Options.LingerTimeout, Timeout.InfiniteTimeSpan);

    private static P2PException Violation(string what) => new(P2PError.ProtocolViolation, $"The other side broke the Yamux protocol: {what}.");

    private void Acknowledge(YamuxStream stream)
    {
        if (stream.AwaitsAck)
        {
            stream.AwaitsAck = false;
            _backlog.Release();
        }
    }

    private bool HasWork() => _control.Count > 0 || !_controlStreams.IsEmpty || !_controlData.IsEmpty || !_decodeData.IsEmpty || !_bulkData.IsEmpty;

    // Fills and sends one message. False if there was nothing, or the connection failed: then nobody writes any more.
    private bool TrySendNext()
    {
        int length;
        bool drained;
        lock (_gate)
        {
            length = _fault is null ? Fill(_channel.Plaintext) : 0;
            if (length == 0)
            {
                _writing = false;
            }

            drained = length == 0 && _goAwaySent;
        }

        if (length == 0)
        {
            if (drained)
            {
                _drained.TrySetResult();
            }

            return false;
        }

        CompleteFilled();
        try
        {
#pragma warning disable CA2012 // It is looked at when complete, and awaited by the writer loop otherwise.
            var sending = _channel.SendAsync(length, _closing.Token);
            _sendPending = !sending.IsCompletedSuccessfully;
            if (_sendPending)
            {
                _sending = sending;
            }
            else
            {
                sending.GetAwaiter().GetResult();
            }
#pragma warning restore CA2012

            _bulkFrames = _sendPending ? 1 : FastBulkFrames;
            return true;
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            OnSendFailed(fault);
            return false;
        }
    }

    private void OnSendFailed(Exception fault)
    {
        lock (_gate)
        {
            _writing = false;
        }

        Fail(fault as P2PException ?? new P2PException(P2PError.ConnectionClosed, "The connection was lost while sending.", fault));
    }

    // Takes over when a send does not end at once, until nothing is left.
    private async Task WriteLoopAsync()
    {
        try
        {
            while (true)
            {
                await _writerSignal.WaitAsync(_closing.Token);
                do
                {
                    if (_sendPending)
                    {
                        _sendPending = false;
                        await _sending;
                    }
                }
                while (TrySendNext());
            }
        }
        catch (OperationCanceledException) when (_closing.IsCancellationRequested)
        {
            // The session ends.
        }
        catch (Exception fault)
        {
            OnSendFailed(fault);
        }
    }

    private void CompleteFilled()
    {
        // Only the writer touches the list, and there is one writer.
        foreach (var stream in _filled)
        {
            stream.CompleteWrite();
        }

        _filled.Clear();
    }

    // Under the lock: puts frames into one message, by rank.
    private int Fill(Span<byte> message)
    {
        var at = 0;
        while (at + YamuxHeader.Size <= message.Length && _control.TryDequeue(out var header))
        {
            header.Write(message[at..]);
            at += YamuxHeader.Size;
        }

        while (at + YamuxHeader.Size <= message.Length && _controlStreams.Dequeue() is { } stream)
        {
            if (stream.TakeReset())
            {
                new YamuxHeader(YamuxFrameType.WindowUpdate, YamuxFlags.Rst, stream.Id, 0).Write(message[at..]);
                at += YamuxHeader.Size;
            }
            else if (!stream.IsFaulted && stream.OwesControl)
            {
                var window = stream.TakeWindow();
                new YamuxHeader(YamuxFrameType.WindowUpdate, stream.TakeFlags(), stream.Id, window).Write(message[at..]);
                at += YamuxHeader.Size;
                RemoveIfFinished(stream);
            }

            Uncount(stream);
        }

        at = FillData(ref _controlData, message, at, message.Length, int.MaxValue);
        at = FillData(ref _decodeData, message, at, message.Length, int.MaxValue);
        return _bulkData.IsEmpty ? at : FillBulk(message, at);
    }

    // As much bulk as its pacer allows, and a marker behind it now and then.
    private int FillBulk(Span<byte> message, int at)
    {
        var timestamp = Time.GetTimestamp();
        var now = Time.GetElapsedTime(_origin, timestamp);
        if (_pacer is null)
        {
            _pacer = new BulkPacer();
            _paceTimer = Time.CreateTimer(static state => ((YamuxConnection)state!).Kick(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            if (RoundTrip > TimeSpan.Zero)
            {
                _pacer.OnRoundTrip(now, RoundTrip);
            }
        }

        // Who closes sends what is left.
        var allowed = _pacer.Allow(now, Options.PaceBulk && !_goAwaySent && _decoding.IsRecent(timestamp));
        if (allowed == 0)
        {
            _paceTimer!.Change(_pacer.Wait, Timeout.InfiniteTimeSpan);
            return at;
        }

        var end = FillData(ref _bulkData, message, at, Math.Min(Options.MaxBulkFrame, allowed), _bulkFrames, allowed);
        if (end > at && _pacer.OnSent(now, end - at) && end + YamuxHeader.Size <= message.Length)
        {
            _pacer.OnMarkerSent(now, ++_pingId);
            new YamuxHeader(YamuxFrameType.Ping, YamuxFlags.Syn, 0, _pingId).Write(message[end..]);
            end += YamuxHeader.Size;
        }

        return end;
    }

    private int FillData(ref StreamQueue queue, Span<byte> message, int at, int maxFrame, int maxFrames, int maxBytes = int.MaxValue)
    {
        var first = at;
        for (var frames = 0; frames < maxFrames && message.Length - at > YamuxHeader.Size && at - first < maxBytes && queue.Dequeue() is { } stream;)
        {
            if (!stream.CanSendData || stream.IsFaulted)
            {
                Uncount(stream);
                continue;
            }

            frames++;
            var count = (int)Math.Min(Math.Min(stream.PendingWrite.Length, stream.SendWindow), Math.Min(maxFrame, message.Length - at - YamuxHeader.Size));
            stream.PendingWrite.Span[..count].CopyTo(message[(at + YamuxHeader.Size)..]);
            stream.OnSent(count);
            new YamuxHeader(YamuxFrameType.Data, stream.TakeFlags(), stream.Id, (uint)count).Write(message[at..]);
            at += YamuxHeader.Size + count;
            if (stream.TakeWriteWaiter())
            {
                _filled.Add(stream);
            }

            if (stream.CanSendData)
            {
                queue.Enqueue(stream);
            }

            RemoveIfFinished(stream);
        }

        return at;
    }

    private async Task ReadLoopAsync()
    {
        var header = new byte[YamuxHeader.Size];
        var headerLength = 0;
        YamuxStream? stream = null;
        uint remaining = 0;
        var fin = false;
        P2PException? fault = null;
        try
        {
            while (true)
            {
                var message = await _channel.ReceiveAsync(_closing.Token);
                if (message.IsEmpty)
                {
                    break;
                }

                var rest = message;
                while (!rest.IsEmpty)
                {
                    if (remaining > 0)
                    {
                        var count = (int)Math.Min(remaining, (uint)rest.Length);
                        if (stream is not null && !stream.Deliver(rest.Span[..count]))
                        {
                            stream.Abort(new P2PException(P2PError.LimitReached, "Too many bytes wait unread on this connection, or on all of its peer, its neighbourhood or this host; the stream was reset."), tellPeer: true);
                        }

                        rest = rest[count..];
                        remaining -= (uint)count;
                        if (remaining > 0)
                        {
                            continue;
                        }
                    }
                    else
                    {
                        var count = Math.Min(YamuxHeader.Size - headerLength, rest.Length);
                        rest.Span[..count].CopyTo(header.AsSpan(headerLength));
                        headerLength += count;
                        rest = rest[count..];
                        if (headerLength < YamuxHeader.Size)
                        {
                            continue;
                        }

                        headerLength = 0;
                        if (!YamuxHeader.TryRead(header, out var frame))
                        {
                            throw Violation("a frame has a malformed header");
                        }

                        stream = OnHeader(frame, out remaining);
                        fin = (frame.Flags & YamuxFlags.Fin) != YamuxFlags.None;
                        if (remaining > 0)
                        {
                            continue;
                        }
                    }

                    // A frame is whole. What it ends comes after what it carried.
                    if (fin)
                    {
                        stream?.OnFin();
                    }

                    fin = false;
                    stream = null;
                }
            }

            lock (_gate)
            {
                fault = _remoteGoneAway || _goAwaySent ? null : new P2PException(P2PError.ConnectionClosed, "The other side closed the connection.");
            }
        }
        catch (OperationCanceledException) when (_closing.IsCancellationRequested)
        {
            // The session ends.
        }
        catch (P2PException broken)
        {
            fault = broken;
            if (broken.Error == P2PError.ProtocolViolation)
            {
                TellProtocolError();
            }
        }
        catch (Exception lost)
        {
            fault = new P2PException(P2PError.ConnectionClosed, "The connection was lost.", lost);
        }

        Fail(fault);
    }

    // Says why before the line is cut, if the line is free.
    private void TellProtocolError()
    {
        lock (_gate)
        {
            _goAwaySent = true;
            _control.Enqueue(new YamuxHeader(YamuxFrameType.GoAway, YamuxFlags.None, 0, (uint)YamuxGoAway.ProtocolError));
        }

        Kick();
    }

    // Returns the stream that the frame is for, if it lives, and the bytes that follow.
    private YamuxStream? OnHeader(YamuxHeader frame, out uint length)
    {
        length = 0;
        switch (frame.Type)
        {
            case YamuxFrameType.Ping:
                OnPing(frame);
                return null;
            case YamuxFrameType.GoAway:
                lock (_gate)
                {
                    _remoteGoneAway = true;
                }

                if (frame.Length != (uint)YamuxGoAway.Normal)
                {
                    throw new P2PException(P2PError.ConnectionClosed, $"The other side ended the connection with code {frame.Length}.");
                }

                return null;
        }

        YamuxStream? stream;
        var opened = false;
        var kick = false;
        lock (_gate)
        {
            if ((frame.Flags & YamuxFlags.Syn) != YamuxFlags.None)
            {
                opened = TryAccept(frame.StreamId, out kick);
            }

            if (_streams.TryGetValue(frame.StreamId, out stream) && (frame.Flags & YamuxFlags.Ack) != YamuxFlags.None)
            {
                Acknowledge(stream);
            }

            if (frame.Type == YamuxFrameType.Data)
            {
                length = frame.Length;
                if (stream is null ? length > MaxSkipped : !stream.TryTakeAllowance(length))
                {
                    throw Violation($"{length} bytes came on stream {frame.StreamId}, more than it may carry");
                }
            }
            else if (stream is not null)
            {
                if (stream.OnWindowUpdate(frame.Length))
                {
                    EnqueueData(stream);
                    kick = true;
                }

                if (stream.IsWindowOverflown)
                {
                    throw Violation($"the window of stream {frame.StreamId} grew over 4 GiB");
                }
            }
        }

        if ((frame.Flags & YamuxFlags.Rst) != YamuxFlags.None && stream is not null)
        {
            stream.Abort(new P2PException(P2PError.StreamReset, "The other side reset the stream."), tellPeer: false);
        }

        if (opened && stream is not null)
        {
            _onStream(stream);
        }

        if (kick || opened)
        {
            Kick();
        }

        return stream;
    }

    private bool TryAccept(uint id, out bool kick)
    {
        kick = false;
        if ((id % 2 == 1) == _initiator)
        {
            throw Violation($"it opened stream {id}, a number of ours");
        }

        if (_streams.ContainsKey(id))
        {
            throw Violation($"it opened stream {id} twice");
        }

        if (_inbound >= Options.MaxInboundStreams || _goAwaySent || _fault is not null || _share?.TryTakeStream() == false)
        {
            EnqueueAnswer(new YamuxHeader(YamuxFrameType.WindowUpdate, YamuxFlags.Rst, id, 0));
            kick = true;
            return false;
        }

        var stream = new YamuxStream(this, _gate, id, outbound: false, StreamClass.Control);
        _streams.Add(id, stream);
        _inbound++;
        EnqueueControl(stream);
        return true;
    }

    private void OnPing(YamuxHeader frame)
    {
        TaskCompletionSource? answered = null;
        lock (_gate)
        {
            if ((frame.Flags & YamuxFlags.Syn) != YamuxFlags.None)
            {
                EnqueueAnswer(new YamuxHeader(YamuxFrameType.Ping, YamuxFlags.Ack, 0, frame.Length));
            }
            else if ((frame.Flags & YamuxFlags.Ack) != YamuxFlags.None && _ping is not null && frame.Length == _pingAwaited)
            {
                RoundTrip = Time.GetElapsedTime(_pingSent);
                _pacer?.OnRoundTrip(Time.GetElapsedTime(_origin), RoundTrip);
                answered = _ping;
                _ping = null;
            }
            else if ((frame.Flags & YamuxFlags.Ack) != YamuxFlags.None)
            {
                _pacer?.OnMarkerReturned(Time.GetElapsedTime(_origin), frame.Length);
            }
        }

        answered?.TrySetResult();
        Kick();
    }

    private void EnqueueAnswer(YamuxHeader answer)
    {
        if (_control.Count >= Options.MaxQueuedControl)
        {
            throw Violation($"{_control.Count} answers wait for it to read");
        }

        _control.Enqueue(answer);
    }

    private async Task PingLoopAsync()
    {
        try
        {
            using var timer = new PeriodicTimer(Options.PingInterval, Time);
            do
            {
                await PingAsync(_closing.Token);
                ResetStalled();
            }
            while (await timer.WaitForNextTickAsync(_closing.Token));
        }
        catch (OperationCanceledException) when (_closing.IsCancellationRequested)
        {
            // The session ends.
        }
        catch (P2PException fault)
        {
            Fail(fault.Error == P2PError.TimedOut ? new P2PException(P2PError.ConnectionClosed, $"The other side is gone: {fault.Message}", fault) : fault);
        }
    }

    private void ResetStalled()
    {
        List<YamuxStream> stalled;
        lock (_gate)
        {
            stalled = [.. _streams.Values.Where(stream => stream.StalledFor >= Options.StallTimeout)];
        }

        foreach (var stream in stalled)
        {
            stream.Abort(new P2PException(P2PError.TimedOut, $"The other side has read nothing for {Options.StallTimeout.TotalSeconds:0} s; the stream was reset."), tellPeer: true);
        }
    }

    private void ResetLingering()
    {
        List<YamuxStream> late = [];
        var more = false;
        lock (_gate)
        {
            foreach (var stream in _streams.Values.Where(stream => stream.IsLingering))
            {
                if (Time.GetElapsedTime(stream.LingerSince) >= Options.LingerTimeout)
                {
                    late.Add(stream);
                }
                else
                {
                    more = true;
                }
            }
        }

        foreach (var stream in late)
        {
            stream.Abort(new P2PException(P2PError.TimedOut, "The other side did not finish the stream."), tellPeer: true);
        }

        if (more)
        {
            StartLinger();
        }
    }

    // Ends the session once; the first reason stands.
    private void Fail(P2PException? reason)
    {
        var fault = reason ?? new P2PException(P2PError.ConnectionClosed, "The connection was closed.");
        YamuxStream[] streams;
        TaskCompletionSource? ping;
        lock (_gate)
        {
            if (_fault is not null)
            {
                return;
            }

            _fault = fault;
            streams = [.. _streams.Values];
            ping = _ping;
            _ping = null;
        }

        ping?.TrySetException(fault);
        foreach (var stream in streams)
        {
            stream.Abort(fault, tellPeer: false);
        }

        lock (_gate)
        {
            _share?.Dispose();
        }

        _closing.Cancel();
        _ = CloseChannelAsync(reason);
    }

    private async Task CloseChannelAsync(P2PException? reason)
    {
        try
        {
            await _channel.DisposeAsync();
        }
        catch (Exception fault) when (fault is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // It is gone already, which is what was wanted.
        }

        _closed.TrySetResult(reason);
    }
}
