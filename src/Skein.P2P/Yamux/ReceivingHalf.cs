using System.Threading.Tasks.Sources;
using Skein.P2P.Errors;

namespace Skein.P2P.Yamux;

/// <summary>What one stream receives: the read under way, the bytes that wait for one, the window that the other side was granted, and the end. Guarded by the session's lock, unless a member says otherwise.</summary>
internal sealed class ReceivingHalf : IValueTaskSource<int>
{
    private static readonly Action<object?> Cancel = static state => ((ReceivingHalf)state!).OnCancelled();

    private readonly YamuxConnection _connection;
    private readonly YamuxStream _stream;
    private readonly Lock _gate;
    private ManualResetValueTaskSourceCore<int> _read;
    private ReceiveBuffer _received;
    private Memory<byte> _target;
    private bool _waiting;
    private CancellationToken _token;
    private CancellationTokenRegistration _registration;
    private long _allowance = YamuxOptions.InitialWindow;
    private int _window = YamuxOptions.InitialWindow;
    private uint _owedWindow;
    private int _consumed;
    private long _epochStart;

    public ReceivingHalf(YamuxConnection connection, YamuxStream stream)
    {
        _connection = connection;
        _stream = stream;
        _gate = connection.Session.Gate;
        _epochStart = connection.Session.Time.GetTimestamp();
    }

    /// <summary>Whether the other side has said that it sends no more.</summary>
    public bool IsFinReceived { get; private set; }

    /// <summary>Whether the stream was disposed, and only the other side's end is waited for.</summary>
    public bool IsDiscarding { get; private set; }

    /// <summary>Since when, of the clock.</summary>
    public long DiscardingSince { get; private set; }

    public bool IsReadWaiting => _waiting;

    /// <summary>Whether everything that came was read, and nobody waits for more.</summary>
    public bool IsIdle => !_waiting && _received.Count == 0;

    public bool OwesWindow => _owedWindow > 0;

    /// <summary>As <see cref="Stream.ReadAsync(Memory{byte}, CancellationToken)"/> of the stream. Called without the lock.</summary>
    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
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
            ObjectDisposedException.ThrowIf(IsDiscarding, _stream);
            if (_waiting)
            {
                throw new InvalidOperationException("A read is under way on this stream already.");
            }

            if (_received.Count == 0)
            {
                if (_stream.Fault is not null)
                {
                    return ValueTask.FromException<int>(_stream.Fault.Again());
                }

                if (IsFinReceived)
                {
                    return new ValueTask<int>(0);
                }

                _read.Reset();
                _target = buffer;
                _waiting = true;
                _token = cancellationToken;
                kick = _stream.AnnounceOpening();
                count = -1;
            }
            else
            {
                count = _received.Read(buffer.Span);
                _connection.Streams.OnUnbuffered(count);
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
            _registration = cancellationToken.UnsafeRegister(Cancel, this);
        }

        return new ValueTask<int>(this, _read.Version);
    }

    /// <summary>Takes the length of a data frame from the window; false if the other side sends more than it was granted.</summary>
    public bool TryTakeAllowance(uint length)
    {
        if (length > _allowance)
        {
            return false;
        }

        _allowance -= length;
        return true;
    }

    /// <summary>The read loop brings bytes. Called without the lock.</summary>
    /// <returns>False if the session's buffers are full.</returns>
    public bool Deliver(ReadOnlySpan<byte> data)
    {
        var direct = 0;
        lock (_gate)
        {
            if (IsDiscarding || _stream.Fault is not null)
            {
                return true;
            }

            if (_waiting)
            {
                direct = Math.Min(data.Length, _target.Length);
                data[..direct].CopyTo(_target.Span);
                data = data[direct..];
                _waiting = false;
                _target = default;
            }

            if (!data.IsEmpty)
            {
                if (!_connection.Streams.TryBuffer(data.Length))
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

    /// <summary>The other side sends no more.</summary>
    /// <returns>Whether somebody waits for a byte: then the caller completes the read, outside the lock.</returns>
    public bool Finish()
    {
        IsFinReceived = true;
        return TakeWaiter();
    }

    /// <summary>A read ends with nothing. Called without the lock.</summary>
    public void CompleteRead() => _read.SetResult(0);

    /// <summary>Drops what waits to be read: the stream has ended.</summary>
    /// <returns>Whether somebody waits for a byte: then the caller fails the read, outside the lock.</returns>
    public bool Drop()
    {
        DropReceived();
        return TakeWaiter();
    }

    /// <summary>Called without the lock.</summary>
    public void FailRead(P2PException fault) => _read.SetException(fault.Again());

    /// <summary>Drops what waits to be read, and what is still to come.</summary>
    public void Discard()
    {
        IsDiscarding = true;
        DiscardingSince = _connection.Session.Time.GetTimestamp();
        DropReceived();
    }

    /// <summary>Sets up for what the stream carries. Decode streams answer on the read loop and keep the small window: their messages are small, and a large window would only hide a slow stage.</summary>
    public void Apply(StreamClass streamClass)
    {
        _read.RunContinuationsAsynchronously = streamClass != StreamClass.Decode;
        if (streamClass == StreamClass.Bulk && _window < _connection.Options.BulkWindow)
        {
            GrowTo(_connection.Options.BulkWindow);
            _connection.Outgoing.EnqueueControl(_stream);
        }
    }

    /// <summary>What the next window update grants.</summary>
    public uint TakeWindow()
    {
        var delta = _owedWindow;
        _owedWindow = 0;
        return delta;
    }

    /// <inheritdoc/>
    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => _read.GetStatus(token);

    /// <inheritdoc/>
    void IValueTaskSource<int>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) => _read.OnCompleted(continuation, state, token, flags);

    /// <inheritdoc/>
    int IValueTaskSource<int>.GetResult(short token)
    {
        _registration.Unregister();
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

    private bool TakeWaiter()
    {
        var waiting = _waiting;
        _waiting = false;
        return waiting;
    }

    private void DropReceived()
    {
        _connection.Streams.OnUnbuffered(_received.Count);
        _received.Clear();
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
        if (_consumed < _window / 2 || IsFinReceived || _stream.Fault is not null)
        {
            return false;
        }

        var time = _connection.Session.Time;
        var rtt = _connection.RoundTrip;
        if (_stream.Class != StreamClass.Decode && rtt > TimeSpan.Zero && time.GetElapsedTime(_epochStart) < 4 * rtt && _window < _connection.Options.MaxWindow)
        {
            // Half the window went within four round trips: the window is what limits the stream.
            GrowTo((int)Math.Min((long)_window * 2, _connection.Options.MaxWindow));
        }

        _epochStart = time.GetTimestamp();
        _allowance += _consumed;
        _owedWindow += (uint)_consumed;
        _consumed = 0;
        _connection.Outgoing.EnqueueControl(_stream);
        return true;
    }

    private void OnCancelled()
    {
        lock (_gate)
        {
            // A late call for an earlier read must not end this one.
            if (!_waiting || !_token.IsCancellationRequested)
            {
                return;
            }

            _waiting = false;
            _target = default;
        }

        _read.SetException(new OperationCanceledException(_token));
    }
}
