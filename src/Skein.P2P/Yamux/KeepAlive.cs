using Skein.P2P.Errors;

namespace Skein.P2P.Yamux;

/// <summary>Pings the other side of one session: that measures the round trip, keeps NATs open, and finds out that the other side is gone, or that streams stand still. Thread-safe.</summary>
internal sealed class KeepAlive(SessionState session, StreamTable streams, OutgoingFrames outgoing, BulkPacing pacing, MessageWriter writer, Action<P2PException> fail) : IAsyncDisposable
{
    private readonly Lock _gate = session.Gate;
    private Task _loop = Task.CompletedTask;

    // Guarded by the lock. One ping at a time; who asks meanwhile waits for the same.
    private TaskCompletionSource? _ping;
    private uint _awaited;
    private long _sent;

    public void Start() => _loop = RunAsync();

    /// <summary>Pings, or waits for the ping that is under way.</summary>
    /// <exception cref="P2PException">The session has ended, or no answer came in time.</exception>
    public async Task<TimeSpan> PingAsync(CancellationToken cancellationToken)
    {
        TaskCompletionSource ping;
        lock (_gate)
        {
            if (session.Fault is not null)
            {
                throw session.Fault;
            }

            if (_ping is null)
            {
                _ping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _sent = session.Time.GetTimestamp();
                _awaited = session.TakePingId();
                outgoing.Enqueue(new YamuxHeader(YamuxFrameType.Ping, YamuxFlags.Syn, 0, _awaited));
            }

            ping = _ping;
        }

        writer.Kick();
        try
        {
            await ping.Task.WaitAsync(session.Options.PingTimeout, session.Time, cancellationToken);
        }
        catch (TimeoutException) when (ping.Task.IsCompletedSuccessfully)
        {
            // It was answered; on a busy machine the time ran out before anybody looked.
        }
        catch (TimeoutException fault)
        {
            throw new P2PException(P2PError.TimedOut, $"No answer to a ping within {session.Options.PingTimeout.TotalSeconds:0.#} s.", fault);
        }

        return session.RoundTrip;
    }

    /// <summary>A ping of the other side, or its answer to one of ours. Called without the lock.</summary>
    /// <exception cref="P2PException">It asks more than it reads.</exception>
    public void OnPing(YamuxHeader frame)
    {
        TaskCompletionSource? answered = null;
        lock (_gate)
        {
            if ((frame.Flags & YamuxFlags.Syn) != YamuxFlags.None)
            {
                outgoing.EnqueueAnswer(new YamuxHeader(YamuxFrameType.Ping, YamuxFlags.Ack, 0, frame.Length));
            }
            else if ((frame.Flags & YamuxFlags.Ack) != YamuxFlags.None && _ping is not null && frame.Length == _awaited)
            {
                session.RoundTrip = session.Time.GetElapsedTime(_sent);
                pacing.OnRoundTrip(session.RoundTrip);
                answered = TakePing();
            }
            else if ((frame.Flags & YamuxFlags.Ack) != YamuxFlags.None)
            {
                pacing.OnMarkerReturned(frame.Length);
            }
        }

        answered?.TrySetResult();
        writer.Kick();
    }

    /// <summary>The ping under way, which the caller ends; null if there is none. Under the lock.</summary>
    public TaskCompletionSource? TakePing()
    {
        var ping = _ping;
        _ping = null;
        return ping;
    }

    /// <summary>Waits for the loop, which ends with the session.</summary>
    public async ValueTask DisposeAsync() => await _loop;

    private async Task RunAsync()
    {
        try
        {
            using var timer = new PeriodicTimer(session.Options.PingInterval, session.Time);
            do
            {
                await PingAsync(session.Ending);
                streams.ResetStalled();
            }
            while (await timer.WaitForNextTickAsync(session.Ending));
        }
        catch (OperationCanceledException) when (session.IsEnding)
        {
            // The session ends.
        }
        catch (P2PException fault)
        {
            fail(fault.Error == P2PError.TimedOut ? new P2PException(P2PError.ConnectionClosed, $"The other side is gone: {fault.Message}", fault) : fault);
        }
    }
}
