using Skein.P2P.Errors;
using Skein.P2P.Resources;

namespace Skein.P2P.Yamux;

/// <summary>The streams of one session and what they count against: the session's limits and its host's budget. Guarded by the session's lock, unless a member says otherwise.</summary>
internal sealed class StreamTable : IAsyncDisposable
{
    private readonly YamuxConnection _connection;
    private readonly SessionState _session;
    private readonly bool _initiator;
    private readonly ResourceShare? _share;
    private readonly SemaphoreSlim _backlog;
    private readonly ITimer _lingerTimer;
    private readonly Dictionary<uint, YamuxStream> _streams = [];
    private uint _nextId;
    private int _inbound;
    private int _outbound;
    private long _buffered;

    // The share is null outside a host.
    public StreamTable(YamuxConnection connection, SessionState session, bool initiator, ResourceShare? share)
    {
        _connection = connection;
        _session = session;
        _initiator = initiator;
        _share = share;
        _nextId = initiator ? 1u : 2u;
        _backlog = new SemaphoreSlim(session.Options.AckBacklog, session.Options.AckBacklog);
        _lingerTimer = session.Time.CreateTimer(static state => ((StreamTable)state!).ResetLingering(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public int Count => _streams.Count;

    /// <summary>Waits until the other side has acknowledged enough of the streams opened here; <see cref="Open"/> follows. Without the lock.</summary>
    public Task WaitForBacklogAsync(CancellationToken cancellationToken)
        => _backlog.Wait(0, CancellationToken.None) ? Task.CompletedTask : _backlog.WaitAsync(cancellationToken);

    /// <summary>Opens a stream of ours.</summary>
    /// <exception cref="P2PException">The session ends, or has reached a limit.</exception>
    public YamuxStream Open(StreamClass streamClass)
    {
        if (Refusal() is { } refusal)
        {
            _backlog.Release();
            throw refusal;
        }

        var stream = new YamuxStream(_connection, _nextId, outbound: true, streamClass) { AwaitsAck = true };
        _streams.Add(_nextId, stream);
        _nextId += 2;
        _outbound++;
        return stream;
    }

    /// <summary>Takes in a stream that the other side opens; null if there is no room for it.</summary>
    /// <exception cref="P2PException">The number is not the other side's to use.</exception>
    public YamuxStream? TryAccept(uint id)
    {
        if ((id % 2 == 1) == _initiator)
        {
            throw SessionState.Violation($"it opened stream {id}, a number of ours");
        }

        if (_streams.ContainsKey(id))
        {
            throw SessionState.Violation($"it opened stream {id} twice");
        }

        if (_inbound >= _session.Options.MaxInboundStreams || _session.GoAwaySent || _session.Fault is not null || _share?.TryTakeStream() == false)
        {
            return null;
        }

        var stream = new YamuxStream(_connection, id, outbound: false, StreamClass.Control);
        _streams.Add(id, stream);
        _inbound++;
        return stream;
    }

    public YamuxStream? Find(uint id) => _streams.GetValueOrDefault(id);

    public YamuxStream[] ToArray() => [.. _streams.Values];

    /// <summary>The other side knows the stream, or it is gone: another may be opened.</summary>
    public void Acknowledge(YamuxStream stream)
    {
        if (stream.AwaitsAck)
        {
            stream.AwaitsAck = false;
            _backlog.Release();
        }
    }

    public void Remove(YamuxStream stream)
    {
        if (!stream.IsRemoved)
        {
            stream.IsRemoved = true;
            _streams.Remove(stream.Id);
            Uncount(stream);
        }

        Acknowledge(stream);
    }

    public void RemoveIfFinished(YamuxStream stream)
    {
        if (stream.IsFinished)
        {
            Remove(stream);
        }
    }

    /// <summary>Gives a stream's place to another once nothing is left of it.</summary>
    /// <remarks>A stream that is gone is counted while a frame of it waits for the peer to read, a reset above all: or a peer that reads nothing could make us queue frames without end.</remarks>
    public void Uncount(YamuxStream stream)
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

    /// <summary>Takes room for bytes that nobody has read yet; false if there is none.</summary>
    public bool TryBuffer(int count)
    {
        if (_buffered + count > _session.Options.MaxBuffered || _share?.TryTakeBytes(count) == false)
        {
            return false;
        }

        _buffered += count;
        return true;
    }

    public void OnUnbuffered(int count)
    {
        _buffered -= count;
        _share?.GiveBackBytes(count);
    }

    /// <summary>Gives back what the session has of its host's budget: it has ended.</summary>
    public void ReturnShare() => _share?.Dispose();

    /// <summary>A stream was disposed and waits for the other side to finish it: for a while. Thread-safe.</summary>
    public void StartLinger() => _lingerTimer.Change(_session.Options.LingerTimeout, Timeout.InfiniteTimeSpan);

    /// <summary>Resets the streams whose writes have waited too long for the other side to read. Called without the lock.</summary>
    public void ResetStalled()
    {
        List<YamuxStream> stalled;
        lock (_session.Gate)
        {
            stalled = [.. _streams.Values.Where(stream => stream.Sending.StalledFor >= _session.Options.StallTimeout)];
        }

        foreach (var stream in stalled)
        {
            stream.Abort(new P2PException(P2PError.TimedOut, $"The other side has read nothing for {_session.Options.StallTimeout.TotalSeconds:0} s; the stream was reset."), tellPeer: true);
        }
    }

    public ValueTask DisposeAsync() => _lingerTimer.DisposeAsync();

    private void ResetLingering()
    {
        List<YamuxStream> late = [];
        var more = false;
        lock (_session.Gate)
        {
            foreach (var stream in _streams.Values.Where(stream => stream.Receiving.IsDiscarding))
            {
                if (_session.Time.GetElapsedTime(stream.Receiving.DiscardingSince) >= _session.Options.LingerTimeout)
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

    private P2PException? Refusal()
    {
        if (_session.Fault is not null)
        {
            return _session.Fault.Again();
        }

        if (_session.RemoteGoneAway || _session.GoAwaySent)
        {
            return new P2PException(P2PError.ConnectionClosed, "The connection is closing.");
        }

        if (_outbound >= _session.Options.MaxOutboundStreams)
        {
            return new P2PException(P2PError.LimitReached, $"{_outbound} streams are open on this connection already.");
        }

        return _nextId > uint.MaxValue - 2 ? new P2PException(P2PError.LimitReached, "The connection has used up its stream numbers; open another.") : null;
    }
}
