using System.Threading.Tasks.Sources;
using Skein.P2P.Errors;

namespace Skein.P2P.Yamux;

/// <summary>What one stream sends: the write under way, the window that the other side has granted, and the end. Guarded by the session's lock, unless a member says otherwise.</summary>
internal sealed class SendingHalf : IValueTaskSource
{
    private static readonly Action<object?> Cancel = static state => ((SendingHalf)state!).OnCancelled();

    private readonly YamuxConnection _connection;
    private readonly YamuxStream _stream;
    private readonly Lock _gate;
    private ManualResetValueTaskSourceCore<bool> _write;
    private ReadOnlyMemory<byte> _pending;
    private bool _filled;
    private bool _waiting;
    private bool _active;
    private CancellationToken _token;
    private CancellationTokenRegistration _registration;
    private long _window = YamuxOptions.InitialWindow;
    private long _lastProgress;

    public SendingHalf(YamuxConnection connection, YamuxStream stream)
    {
        _connection = connection;
        _stream = stream;
        _gate = connection.Session.Gate;
        _write.RunContinuationsAsynchronously = true;
    }

    /// <summary>Whether the application has said that it writes no more.</summary>
    public bool IsFinWanted { get; private set; }

    public bool IsFinSent { get; private set; }

    /// <summary>Whether the end is still to be sent, and everything before it was.</summary>
    public bool OwesFin => IsFinWanted && !IsFinSent && _pending.IsEmpty;

    /// <summary>Whether there are bytes to send, and leave to.</summary>
    public bool HasData => !_pending.IsEmpty && _window > 0;

    public bool IsWindowOverflown => _window > uint.MaxValue;

    /// <summary>How long a write has waited for the other side's window; zero if none does.</summary>
    public TimeSpan StalledFor => _pending.IsEmpty || _window > 0 ? TimeSpan.Zero : _connection.Session.Time.GetElapsedTime(_lastProgress);

    /// <summary>As <see cref="Stream.WriteAsync(ReadOnlyMemory{byte}, CancellationToken)"/> of the stream. Called without the lock.</summary>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellationToken);
        }

        lock (_gate)
        {
            if (_active)
            {
                throw new InvalidOperationException("A write is under way on this stream already.");
            }

            if (_stream.Fault is not null)
            {
                return ValueTask.FromException(_stream.Fault.Again());
            }

            if (IsFinWanted)
            {
                throw new InvalidOperationException("The stream was closed for writing.");
            }

            if (buffer.IsEmpty)
            {
                return default;
            }

            _pending = buffer;
            _filled = false;
            _lastProgress = _connection.Session.Time.GetTimestamp();
            _active = true;
            if (_window > 0)
            {
                _connection.Outgoing.EnqueueData(_stream);
            }
        }

        _connection.Kick();
        lock (_gate)
        {
            if (_filled)
            {
                _active = false;
                return default;
            }

            if (_stream.Fault is not null)
            {
                _active = false;
                _pending = default;
                return ValueTask.FromException(_stream.Fault.Again());
            }

            _write.Reset();
            _waiting = true;
            _token = cancellationToken;
        }

        if (cancellationToken.CanBeCanceled)
        {
            _registration = cancellationToken.UnsafeRegister(Cancel, this);
        }

        return new ValueTask(this, _write.Version);
    }

    /// <summary>As <see cref="YamuxStream.CloseWriteAsync"/>. Called without the lock.</summary>
    public void Finish()
    {
        lock (_gate)
        {
            if (_active)
            {
                throw new InvalidOperationException("A write is under way on this stream.");
            }

            if (IsFinWanted || _stream.Fault is not null)
            {
                return;
            }

            IsFinWanted = true;
            _connection.Outgoing.EnqueueControl(_stream);
        }

        _connection.Kick();
    }

    /// <summary>Puts bytes of the write into a frame, as many as there are, are granted and fit.</summary>
    /// <param name="room">Where to.</param>
    /// <returns>How many.</returns>
    public int TakeData(Span<byte> room)
    {
        var count = (int)Math.Min(Math.Min(_pending.Length, _window), room.Length);
        _pending.Span[..count].CopyTo(room);
        _window -= count;
        _lastProgress = _connection.Session.Time.GetTimestamp();
        if (_stream.Class == StreamClass.Decode && !_stream.IsTunnel)
        {
            _connection.Pacing.OnDecodeSent(_lastProgress);
        }

        _pending = _pending[count..];
        _filled = _pending.IsEmpty;
        return count;
    }

    /// <summary>Whether a frame carries the end, if it is sent now.</summary>
    public bool TakeFin()
    {
        if (!OwesFin)
        {
            return false;
        }

        IsFinSent = true;
        return true;
    }

    /// <summary>Whether somebody waits for a write whose last byte was taken: then the caller completes it, outside the lock.</summary>
    public bool TakeWaiter()
    {
        if (!_filled || !_waiting)
        {
            return false;
        }

        _waiting = false;
        _active = false;
        return true;
    }

    /// <summary>Called without the lock.</summary>
    public void CompleteWrite() => _write.SetResult(true);

    /// <summary>The other side takes more bytes.</summary>
    public void Grant(uint delta) => _window += delta;

    /// <summary>Drops the write: the stream has ended.</summary>
    /// <returns>Whether somebody waits for it: then the caller fails it, outside the lock.</returns>
    public bool Drop()
    {
        var waiting = _waiting;
        _waiting = false;
        _active = false;
        _pending = default;
        return waiting;
    }

    /// <summary>Called without the lock.</summary>
    public void FailWrite(P2PException fault) => _write.SetException(fault.Again());

    /// <inheritdoc/>
    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _write.GetStatus(token);

    /// <inheritdoc/>
    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) => _write.OnCompleted(continuation, state, token, flags);

    /// <inheritdoc/>
    void IValueTaskSource.GetResult(short token)
    {
        _registration.Unregister();
        _write.GetResult(token);
    }

    private void OnCancelled()
    {
        lock (_gate)
        {
            // A late call for an earlier write must not end this one.
            if (!_waiting || !_token.IsCancellationRequested)
            {
                return;
            }

            _waiting = false;
            _active = false;
            _pending = default;
        }

        _write.SetException(new OperationCanceledException(_token));
    }
}
