using Skein.Swarm.Errors;
using Skein.Swarm.Links;
using Skein.Swarm.Messages;
using Skein.Swarm.Transport;
using Skein.Swarm.Wire;

namespace Skein.Swarm.Coordination;

/// <summary>A warm session stream to one node: dialled again whenever it breaks, until stopped. Thread-safe.</summary>
internal sealed class PeerLink : IAsyncDisposable
{
    // How long a node is looked at closely after a session on it failed: longer than it takes to find it silent.
    private static readonly TimeSpan SuspicionTime = TimeSpan.FromSeconds(15);

    // The last word before closing must not hold up the closing.
    private static readonly TimeSpan NoticeBound = TimeSpan.FromSeconds(1);

    private readonly Ring _ring;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private TaskCompletionSource _wake = NewSignal();
    private WireConnection? _connection;
    private volatile IReadOnlyList<StageOffer>? _offers;
    private volatile string _reason = "it was not reached yet";
    private int _sessions;
    private long _suspectedAt;

    /// <summary>Starts dialling.</summary>
    public PeerLink(Ring ring, PeerAddress peer)
    {
        _ring = ring;
        Peer = peer;
        Running = RunAsync();
    }

    /// <summary>The node.</summary>
    public PeerAddress Peer { get; }

    /// <summary>What the node hosts; null while it does not answer.</summary>
    public IReadOnlyList<StageOffer>? Offers => _offers;

    /// <summary>Why it does not answer.</summary>
    public string Reason => _reason;

    /// <summary>Ends after <see cref="DisposeAsync"/>.</summary>
    public Task Running { get; }

    /// <summary>One more session uses the node: heartbeats become frequent.</summary>
    public void Lease() => Interlocked.Increment(ref _sessions);

    /// <summary>One session less uses the node.</summary>
    public void Release() => Interlocked.Decrement(ref _sessions);

    /// <summary>A session on the node failed: for a while it is asked as often as if it had one, so that a node which fell silent is found out before the next request tries it.</summary>
    public void Suspect() => Volatile.Write(ref _suspectedAt, _ring.Time.GetTimestamp());

    /// <summary>Dials now instead of after the pause.</summary>
    public void Wake()
    {
        lock (_lock)
        {
            _wake.TrySetResult();
        }
    }

    /// <summary>Sends a message.</summary>
    /// <exception cref="SwarmException"><see cref="SwarmError.PeerLost"/>: the node does not answer at the moment.</exception>
    public ValueTask SendAsync(IWireMessage message)
    {
        WireConnection? connection;
        lock (_lock)
        {
            connection = _connection;
        }

        return connection is null ? throw new SwarmException(SwarmError.PeerLost, $"{Peer} does not answer: {_reason}.") : connection.SendAsync(message);
    }

    /// <summary>Closes the stream and stops dialling.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        WireConnection? connection;
        lock (_lock)
        {
            connection = _connection;
        }

        connection?.Abort(new SwarmException(SwarmError.ShuttingDown, "This side is shutting down."));
        await Running;
        _stop.Dispose();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task RunAsync()
    {
        await Task.Yield();
        var pause = _ring.Options.FirstRedial;
        while (!_stop.IsCancellationRequested)
        {
            if (await ServeOnceAsync())
            {
                pause = _ring.Options.FirstRedial;
            }

            _ring.OnPeerChanged(this);
            Task wake;
            lock (_lock)
            {
                if (_wake.Task.IsCompleted)
                {
                    _wake = NewSignal();
                }

                wake = _wake.Task;
            }

            try
            {
                await wake.WaitAsync(pause, _ring.Time, _stop.Token);
            }
            catch (TimeoutException)
            {
                pause = pause * 2 < _ring.Options.MaxRedial ? pause * 2 : _ring.Options.MaxRedial;
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>Dials, and reads until the stream breaks.</summary>
    /// <returns>Whether the node answered at all.</returns>
    private async Task<bool> ServeOnceAsync()
    {
        WireConnection? connection = null;
        var up = false;
        SwarmException reason;
        var watch = Task.CompletedTask;
        try
        {
            connection = await DialAsync();
            using (connection.AbortAfter(_ring.Options.Timing.ConnectBound, "saying what it hosts"))
            {
                var first = await connection.ReadHeaderAsync();
                if (first.Type != WireMessageType.Offers)
                {
                    throw new SwarmException(SwarmError.BadMessage, "it did not say first what it hosts");
                }

                await OnOffersAsync(connection, first);
            }

            up = true;
            lock (_lock)
            {
                _connection = connection;
            }

            var spans = string.Join(", ", _offers!.Select(static o => $"blocks {o.Info.Span}"));
            CoordinationLog.PeerUp(_ring.Logger, Peer, spans);

            _ring.OnPeerChanged(this);
            watch = connection.WatchAsync(_ring.Options.Timing, asks: true, IsActive);
            while (true)
            {
                await ReadAsync(connection, await connection.ReadHeaderAsync());
            }
        }
        catch (Exception failure)
        {
            reason = SwarmErrors.From(failure);
        }

        if (connection is not null)
        {
            await connection.AbortWithNoticeAsync(reason, NoticeBound);
            reason = connection.Failure ?? reason;
        }

        _reason = reason.Message;
        _offers = null;
        lock (_lock)
        {
            _connection = null;
        }

        if (up)
        {
            if (!_stop.IsCancellationRequested)
            {
                CoordinationLog.PeerDown(_ring.Logger, Peer, reason.Message);
            }

            _ring.OnPeerLost(this, reason);
            await watch;
        }
        else
        {
            CoordinationLog.PeerUnreachable(_ring.Logger, Peer, reason.Message);
        }

        return up;
    }

    private bool IsActive()
        => Volatile.Read(ref _sessions) > 0 || (Volatile.Read(ref _suspectedAt) is not 0 and var at && _ring.Time.GetElapsedTime(at) < SuspicionTime);

    private async Task<WireConnection> DialAsync()
    {
        using var bound = new CancellationTokenSource(_ring.Options.Timing.ConnectBound, _ring.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(bound.Token, _stop.Token);
        try
        {
            var stream = await _ring.Transport.ConnectAsync(Peer, RingProtocols.Session, TrafficClass.Control, either.Token);
            var connection = new WireConnection(stream, Peer.Id, _ring.Time);
            if (_stop.IsCancellationRequested)
            {
                await connection.DisposeAsync();
            }

            return connection;
        }
        catch (OperationCanceledException)
        {
            throw new SwarmException(SwarmError.ConnectFailed, $"{Peer} did not answer within {_ring.Options.Timing.ConnectBound.TotalSeconds:0.#} s.");
        }
    }

    private async ValueTask OnOffersAsync(WireConnection connection, WireHeader header)
    {
        if (!OffersMessage.TryRead((await connection.ReadBodyAsync(header)).Span, out var offers))
        {
            throw Malformed("offers");
        }

        _offers = offers.Offers;
    }

    private async ValueTask ReadAsync(WireConnection connection, WireHeader header)
    {
        switch (header.Type)
        {
            case WireMessageType.Heartbeat:
                await connection.OnHeartbeatAsync(header);
                return;
            case WireMessageType.Offers:
                await OnOffersAsync(connection, header);
                _ring.OnPeerChanged(this);
                return;
            case WireMessageType.Frame:
                throw new SwarmException(SwarmError.BadMessage, $"{Peer} sent a frame on a session stream.");
        }

        var body = await connection.ReadBodyAsync(header);
        switch (header.Type)
        {
            case WireMessageType.Opened:
                _ring.Find(OpenedMessage.TryRead(body.Span, out var opened) ? opened.Session : throw Malformed("opened"))?.OnOpened(this, opened);
                break;
            case WireMessageType.Refused:
                _ring.Find(RefusedMessage.TryRead(body.Span, out var refused) ? refused.Session : throw Malformed("refused"))?.OnRefused(this, refused);
                break;
            case WireMessageType.Closed:
                _ring.Find(ClosedMessage.TryRead(body.Span, out var closed) ? closed.Session : throw Malformed("closed"))?.OnClosed(this, closed);
                break;
            case WireMessageType.Progress:
                _ring.Find(ProgressMessage.TryRead(body.Span, out var progress) ? progress.Session : throw Malformed("progress"))?.OnProgress(this, progress);
                break;
            case WireMessageType.Error:
                if (!ErrorMessage.TryRead(body.Span, out var error))
                {
                    throw Malformed("error");
                }

                if (error.Session is not { } session)
                {
                    throw new SwarmException(SwarmError.PeerLost, $"{Peer} closed the connection: {error.Message}");
                }

                _ring.Find(session)?.OnError(this, error);
                break;
            default:
                // A message of a newer build.
                break;
        }
    }

    private SwarmException Malformed(string what) => new(SwarmError.BadMessage, $"{Peer} sent a malformed {what} message.");
}
