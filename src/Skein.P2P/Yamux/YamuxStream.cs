using System.Threading.Tasks.Sources;
using Skein.P2P.Errors;

namespace Skein.P2P.Yamux;

/// <summary>One stream of a session: full duplex, with its own flow control.</summary>
/// <remarks>
/// <para>One read and one write may be under way at once; a second of the same kind is an <see cref="InvalidOperationException"/>. A read returns 0 once the other
/// side has finished. A write ends when its bytes are on their way, so it waits while the other side's window is full.</para>
/// <para>Finish with <see cref="CloseWriteAsync"/>, then dispose. Disposing an unfinished stream resets it: the other side loses what it has not read.</para>
/// <para>A read of a <see cref="StreamClass.Decode"/> stream continues on the session's read loop, which saves a hop between threads: what follows must not block.</para>
/// <para>Cancelling a read is safe. Cancelling a write may leave a part of it sent: reset the stream then.</para>
/// </remarks>
public sealed class YamuxStream : Stream, IValueTaskSource, IValueTaskSource<int>
{
    private static readonly Action<object?> CancelRead = static state => ((YamuxStream)state!).OnReadCancelled();
    private static readonly Action<object?> CancelWrite = static state => ((YamuxStream)state!).OnWriteCancelled();

    private readonly YamuxConnection _connection;
    private readonly Lock _gate;

    // All below is guarded by the session's lock.
    internal StreamLink ControlLink;
    internal StreamLink DataLink;

    private ManualResetValueTaskSourceCore<int> _read;
    private ManualResetValueTaskSourceCore<bool> _write;
    private ReceiveBuffer _received;
    private Memory<byte> _readTarget;
    private bool _readWaiting;
    private bool _writeWaiting;
    private bool _writeActive;
    private CancellationToken _readToken;
    private CancellationToken _writeToken;
    private CancellationTokenRegistration _readRegistration;
    private CancellationTokenRegistration _writeRegistration;
    private YamuxFlags _owedFlags;
    private uint _owedWindow;
    private bool _owedReset;
    private bool _finWanted;
    private bool _finSent;
    private bool _finReceived;
    private bool _discarding;
    private P2PException? _fault;
    private long _sendWindow = YamuxOptions.InitialWindow;
    private long _allowance = YamuxOptions.InitialWindow;
    private int _window = YamuxOptions.InitialWindow;
    private int _consumed;
    private long _epochStart;
    private long _lastProgress;
    private StreamClass _class;

    internal YamuxStream(YamuxConnection connection, Lock gate, uint id, bool outbound, StreamClass streamClass)
    {
        _connection = connection;
        _gate = gate;
        Id = id;
        IsOutbound = outbound;
        _owedFlags = outbound ? YamuxFlags.Syn : YamuxFlags.Ack;
        _epochStart = connection.Time.GetTimestamp();
        _write.RunContinuationsAsynchronously = true;
        _read.RunContinuationsAsynchronously = true;
        _class = streamClass;
        ApplyClass();
    }

    /// <summary>The stream's number in its session.</summary>
    public uint Id { get; }

    /// <summary>Whether it was opened here.</summary>
    public bool IsOutbound { get; }

    /// <summary>What it carries. An inbound stream's class becomes known with its protocol.</summary>
    public StreamClass Class
    {
        get => _class;
        internal set
        {
            lock (_gate)
            {
                _class = value;
                ApplyClass();
            }

            _connection.Kick();
        }
    }

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    // What a write still has to send.
    internal ReadOnlyMemory<byte> PendingWrite { get; private set; }

    internal bool WriteFilled { get; private set; }

    // Set while the other side has not acknowledged a stream that was opened here.
    internal bool AwaitsAck { get; set; }

    // Out of the session's table; counted until it is out of the writer's queues too.
    internal bool IsRemoved { get; set; }

    internal bool IsCounted { get; set; } = true;

    internal bool IsQueued => ControlLink.Queued || DataLink.Queued;

    /// <summary>Whether it is the line of another connection, whose own streams say what is urgent.</summary>
    internal bool IsTunnel { get; set; }

    internal bool IsFinished => _finSent && _finReceived;

    internal bool CanSendData => !PendingWrite.IsEmpty && _sendWindow > 0;

    internal bool IsFaulted => _fault is not null;

    internal bool TakeReset()
    {
        var owed = _owedReset;
        _owedReset = false;
        return owed;
    }

    internal long SendWindow => _sendWindow;

    internal long LingerSince { get; private set; }

    internal bool IsLingering => _discarding;

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<int>(cancellationToken);
        }

        if (buffer.IsEmpty)
        {
            return new ValueTask<int>(0);
        }

        int count;
        bool kick;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_discarding, this);
            if (_readWaiting)
            {
                throw new InvalidOperationException("A read is under way on this stream already.");
            }

            if (_received.Count == 0)
            {
                if (_fault is not null)
                {
                    return ValueTask.FromException<int>(_fault);
                }

                if (_finReceived)
                {
                    return new ValueTask<int>(0);
                }

                _read.Reset();
                _readTarget = buffer;
                _readWaiting = true;
                _readToken = cancellationToken;
                kick = AnnounceOpening();
                count = -1;
            }
            else
            {
                count = _received.Read(buffer.Span);
                _connection.OnUnbuffered(count);
                kick = OnConsumed(count);
            }
        }

        if (kick)
        {
            _connection.Kick();
        }

        if (count >= 0)
        {
            return new ValueTask<int>(count);
        }

        if (cancellationToken.CanBeCanceled)
        {
            _readRegistration = cancellationToken.UnsafeRegister(CancelRead, this);
        }

        return new ValueTask<int>(this, _read.Version);
    }

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellationToken);
        }

        lock (_gate)
        {
            if (_writeActive)
            {
                throw new InvalidOperationException("A write is under way on this stream already.");
            }

            if (_fault is not null)
            {
                return ValueTask.FromException(_fault);
            }

            if (_finWanted)
            {
                throw new InvalidOperationException("The stream was closed for writing.");
            }

            if (buffer.IsEmpty)
            {
                return default;
            }

            PendingWrite = buffer;
            WriteFilled = false;
            _lastProgress = _connection.Time.GetTimestamp();
            _writeActive = true;
            if (_sendWindow > 0)
            {
                _connection.EnqueueData(this);
            }
        }

        _connection.Kick();
        lock (_gate)
        {
            if (WriteFilled)
            {
                _writeActive = false;
                return default;
            }

            if (_fault is not null)
            {
                _writeActive = false;
                PendingWrite = default;
                return ValueTask.FromException(_fault);
            }

            _write.Reset();
            _writeWaiting = true;
            _writeToken = cancellationToken;
        }

        if (cancellationToken.CanBeCanceled)
        {
            _writeRegistration = cancellationToken.UnsafeRegister(CancelWrite, this);
        }

        return new ValueTask(this, _write.Version);
    }

    /// <summary>Says that no more will be written; the other side reads to the end. Reading goes on. Calling it again does nothing.</summary>
    /// <exception cref="InvalidOperationException">A write is under way.</exception>
    public ValueTask CloseWriteAsync()
    {
        lock (_gate)
        {
            if (_writeActive)
            {
                throw new InvalidOperationException("A write is under way on this stream.");
            }

            if (_finWanted || _fault is not null)
            {
                return default;
            }

            _finWanted = true;
            _connection.EnqueueControl(this);
        }

        _connection.Kick();
        return default;
    }

    /// <summary>Ends the stream at once in both directions. Waiting reads and writes fail, here and there.</summary>
    public void Reset() => Abort(new P2PException(P2PError.StreamReset, "The stream was reset here."), tellPeer: true);

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public override void Flush()
    {
        // Every write is sent as soon as it can be.
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Asynchronous only.");

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Asynchronous only.");

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _write.GetStatus(token);

    /// <inheritdoc/>
    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) => _write.OnCompleted(continuation, state, token, flags);

    /// <inheritdoc/>
    void IValueTaskSource.GetResult(short token)
    {
        _writeRegistration.Unregister();
        _write.GetResult(token);
    }

    /// <inheritdoc/>
    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => _read.GetStatus(token);

    /// <inheritdoc/>
    void IValueTaskSource<int>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) => _read.OnCompleted(continuation, state, token, flags);

    /// <inheritdoc/>
    int IValueTaskSource<int>.GetResult(short token)
    {
        _readRegistration.Unregister();
        var count = _read.GetResult(token);
        if (count > 0)
        {
            bool kick;
            lock (_gate)
            {
                kick = OnConsumed(count);
            }

            if (kick)
            {
                _connection.Kick();
            }
        }

        return count;
    }

    // The four below are called under the lock.

    // The flags that the next frame of this stream must carry.
    internal YamuxFlags TakeFlags()
    {
        var flags = _owedFlags;
        _owedFlags = YamuxFlags.None;
        if (_finWanted && !_finSent && PendingWrite.IsEmpty)
        {
            _finSent = true;
            flags |= YamuxFlags.Fin;
        }

        return flags;
    }

    internal uint TakeWindow()
    {
        var delta = _owedWindow;
        _owedWindow = 0;
        return delta;
    }

    // Whether a control frame has anything to say.
    internal bool OwesControl => _owedWindow > 0 || _owedFlags != YamuxFlags.None || (_finWanted && !_finSent && PendingWrite.IsEmpty);

    internal void OnSent(int count)
    {
        _sendWindow -= count;
        _lastProgress = _connection.Time.GetTimestamp();
        if (_class == StreamClass.Decode && !IsTunnel)
        {
            _connection.OnDecodeSent(_lastProgress);
        }

        PendingWrite = PendingWrite[count..];
        WriteFilled = PendingWrite.IsEmpty;
    }

    // A write that waits and was filled; completed outside the lock.
    internal bool TakeWriteWaiter()
    {
        if (!WriteFilled || !_writeWaiting)
        {
            return false;
        }

        _writeWaiting = false;
        _writeActive = false;
        return true;
    }

    internal void CompleteWrite() => _write.SetResult(true);

    // Whether the window grew from nothing while a write waits.
    internal bool OnWindowUpdate(uint delta)
    {
        _sendWindow += delta;
        return _sendWindow <= uint.MaxValue && CanSendData;
    }

    // How long a write has waited for the other side's window; zero if none does.
    internal TimeSpan StalledFor => PendingWrite.IsEmpty || _sendWindow > 0 ? TimeSpan.Zero : _connection.Time.GetElapsedTime(_lastProgress);

    internal bool IsWindowOverflown => _sendWindow > uint.MaxValue;

    internal bool TryTakeAllowance(uint length)
    {
        if (length > _allowance)
        {
            return false;
        }

        _allowance -= length;
        return true;
    }

    // The read loop brings bytes. Called without the lock; returns false if the session's buffers are full.
    internal bool Deliver(ReadOnlySpan<byte> data)
    {
        var direct = 0;
        lock (_gate)
        {
            if (_discarding || _fault is not null)
            {
                return true;
            }

            if (_readWaiting)
            {
                direct = Math.Min(data.Length, _readTarget.Length);
                data[..direct].CopyTo(_readTarget.Span);
                data = data[direct..];
                _readWaiting = false;
                _readTarget = default;
            }

            if (!data.IsEmpty)
            {
                if (!_connection.TryBuffer(data.Length))
                {
                    return false;
                }

                _received.Append(data);
            }
        }

        if (direct > 0)
        {
            _read.SetResult(direct);
        }

        return true;
    }

    internal void OnFin()
    {
        bool waiting;
        lock (_gate)
        {
            _finReceived = true;
            waiting = _readWaiting;
            _readWaiting = false;
            _connection.RemoveIfFinished(this);
        }

        if (waiting)
        {
            _read.SetResult(0);
        }
    }

    // Ends the stream; the first reason stands.
    internal void Abort(P2PException fault, bool tellPeer)
    {
        bool reads, writes;
        lock (_gate)
        {
            if (_fault is not null || (IsFinished && !_readWaiting && _received.Count == 0))
            {
                return;
            }

            _fault = fault;
            _connection.OnUnbuffered(_received.Count);
            _received.Clear();
            reads = _readWaiting;
            writes = _writeWaiting;
            _readWaiting = false;
            _writeWaiting = false;
            _writeActive = false;
            PendingWrite = default;

            // A stream that the other side has never heard of needs no word.
            _owedReset = tellPeer && !IsFinished && (_owedFlags & YamuxFlags.Syn) == YamuxFlags.None;
            if (_owedReset)
            {
                _connection.EnqueueControl(this);
            }

            _connection.Remove(this);
        }

        if (reads)
        {
            _read.SetException(fault);
        }

        if (writes)
        {
            _write.SetException(fault);
        }

        _connection.Kick();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            bool linger;
            lock (_gate)
            {
                linger = _finWanted && _fault is null && !_readWaiting;
                if (linger && !_discarding)
                {
                    _discarding = true;
                    LingerSince = _connection.Time.GetTimestamp();
                    _connection.OnUnbuffered(_received.Count);
                    _received.Clear();
                    if (!IsFinished)
                    {
                        _connection.StartLinger();
                    }
                }
            }

            if (!linger)
            {
                Abort(new P2PException(P2PError.StreamReset, "The stream was disposed here."), tellPeer: true);
            }
        }

        base.Dispose(disposing);
    }

    // A stream whose first frame is not a write must still be opened.
    private bool AnnounceOpening()
    {
        if ((_owedFlags & YamuxFlags.Syn) == YamuxFlags.None || ControlLink.Queued)
        {
            return false;
        }

        _connection.EnqueueControl(this);
        return true;
    }

    // Decode streams answer on the read loop and keep the small window: their messages are small, and a large window would only hide a slow stage.
    private void ApplyClass()
    {
        _read.RunContinuationsAsynchronously = _class != StreamClass.Decode;
        if (_class == StreamClass.Bulk && _window < _connection.Options.BulkWindow)
        {
            GrowTo(_connection.Options.BulkWindow);
            _connection.EnqueueControl(this);
        }
    }

    private void GrowTo(int window)
    {
        var delta = window - _window;
        _window = window;
        _allowance += delta;
        _owedWindow += (uint)delta;
    }

    // The application took bytes; true if the other side must be told.
    private bool OnConsumed(int count)
    {
        _consumed += count;
        if (_consumed < _window / 2 || _finReceived || _fault is not null)
        {
            return false;
        }

        var time = _connection.Time;
        var rtt = _connection.RoundTrip;
        if (_class != StreamClass.Decode && rtt > TimeSpan.Zero && time.GetElapsedTime(_epochStart) < 4 * rtt && _window < _connection.Options.MaxWindow)
        {
            // Half the window went within four round trips: the window is what limits the stream.
            GrowTo((int)Math.Min((long)_window * 2, _connection.Options.MaxWindow));
        }

        _epochStart = time.GetTimestamp();
        _allowance += _consumed;
        _owedWindow += (uint)_consumed;
        _consumed = 0;
        _connection.EnqueueControl(this);
        return true;
    }

    private void OnReadCancelled()
    {
        lock (_gate)
        {
            // A late call for an earlier read must not end this one.
            if (!_readWaiting || !_readToken.IsCancellationRequested)
            {
                return;
            }

            _readWaiting = false;
            _readTarget = default;
        }

        _read.SetException(new OperationCanceledException(_readToken));
    }

    private void OnWriteCancelled()
    {
        lock (_gate)
        {
            if (!_writeWaiting || !_writeToken.IsCancellationRequested)
            {
                return;
            }

            _writeWaiting = false;
            _writeActive = false;
            PendingWrite = default;
        }

        _write.SetException(new OperationCanceledException(_writeToken));
    }
}
