using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Skein.Core.Identity;
using Skein.Swarm.Errors;
using Skein.Swarm.Links;
using Skein.Swarm.Messages;
using Skein.Swarm.Transport;
using Skein.Swarm.Wire;

namespace Skein.Swarm.Coordination;

/// <summary>A coordinator's side of the network: watches the nodes of one model and opens sessions on chains of them. Thread-safe.</summary>
internal sealed class Ring : ILinkHost, IAsyncDisposable
{
    // How often peers and sessions are looked at: well below any bound.
    private static readonly TimeSpan TickInterval = TimeSpan.FromMilliseconds(250);

    // A chain that breaks while it is opened is replaced this many times before the request fails.
    private const int MaxBrokenOpens = 3;

    private readonly IChainSource _source;
    private readonly Lock _lock = new();
    private readonly Dictionary<PeerAddress, PeerLink> _peers = [];
    private readonly ConcurrentDictionary<SessionId, RingSession> _sessions = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationToken _stopped;
    private readonly Task _ticking;
    private TaskCompletionSource _changed = NewSignal();
    private TaskCompletionSource _freed = NewSignal();
    // Never disposed: requests may still stand in it, and it holds nothing.
    private readonly SemaphoreSlim _line = new(1, 1);
    private int _inLine;
    private int _sessionCount;
    private int _turn;
    private bool _disposed;

    public Ring(CoordinatorOptions options, Sha256Digest model, int blockCount, int width, IChainSource source, IRingTransport transport, TimeProvider time, ILogger logger)
    {
        Options = options;
        Model = model;
        BlockCount = blockCount;
        Width = width;
        _source = source;
        _stopped = _stop.Token;
        Transport = transport;
        Time = time;
        Logger = logger;
        Links = new LinkPool(transport, this, options.Timing, maxLinks: 4 * options.MaxPeers, time, logger);
        FollowSource();
        _ticking = TickAsync();
    }

    public CoordinatorOptions Options { get; }

    public Sha256Digest Model { get; }

    public int BlockCount { get; }

    public int Width { get; }

    public IRingTransport Transport { get; }

    public TimeProvider Time { get; }

    public ILogger Logger { get; }

    public LinkPool Links { get; }

    /// <summary>Sessions open or waiting for room.</summary>
    public int SessionCount => Volatile.Read(ref _sessionCount);

    /// <summary>A chain that is complete at this moment; null if there is none.</summary>
    public IReadOnlyList<ChainStage>? FindChain()
        => ChainPlanner.Plan(BlockCount, Offered(), Volatile.Read(ref _turn));

    /// <summary>What is missing for a chain, for people.</summary>
    public string DescribeMissing()
    {
        var offered = Offered();
        var missing = ChainPlanner.Missing(BlockCount, offered);
        var text = missing.Count > 0
            ? $"No node hosts {(missing is [{ Count: 1 }] ? "block" : "blocks")} {string.Join(", ", missing)} of the model at the moment"
            : $"The spans that nodes host ({string.Join(", ", offered.Select(static s => s.Span).Distinct())}) do not join into a chain over all {BlockCount} blocks";
        var silent = Snapshot().Select(Complaint).OfType<string>().Take(8).ToArray();
        return silent.Length > 0 ? $"{text}: {string.Join("; ", silent)}." : $"{text}. Start a node for them.";
    }

    /// <summary>Waits for a complete chain.</summary>
    /// <exception cref="SwarmException"><see cref="SwarmError.ChainIncomplete"/>: none within the bound; the message names the missing blocks.</exception>
    public async ValueTask<IReadOnlyList<ChainStage>> WaitForChainAsync(TimeSpan bound, CancellationToken cancellationToken)
    {
        var started = Time.GetTimestamp();
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                changed = _changed.Task;
            }

            if (_stopped.IsCancellationRequested)
            {
                throw ShuttingDown();
            }

            if (FindChain() is { } chain)
            {
                Interlocked.Increment(ref _turn);
                return chain;
            }

            var left = bound - Time.GetElapsedTime(started);
            if (left <= TimeSpan.Zero)
            {
                throw new SwarmException(SwarmError.ChainIncomplete, DescribeMissing(), Options.MaxRedial);
            }

            foreach (var peer in Snapshot().Where(static p => p.Offers is null))
            {
                peer.Wake();
            }

            try
            {
                // Woken in short turns as well: a node that refuses now may listen in a moment.
                await changed.WaitAsync(left < Options.FirstRedial ? left : Options.FirstRedial, Time, cancellationToken);
            }
            catch (TimeoutException)
            {
                // Looked at above.
            }
        }
    }

    /// <summary>Opens a session, waiting within bounds for missing blocks and for room.</summary>
    /// <exception cref="SwarmException">Why not; <see cref="SwarmException.RetryAfter"/> when a retry makes sense.</exception>
    public async Task<RingSession> OpenAsync(int kvTokens, CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref _sessionCount) > Options.MaxSessions)
        {
            Interlocked.Decrement(ref _sessionCount);
            throw new SwarmException(SwarmError.LimitReached, $"{Options.MaxSessions} replies are being produced already; try again when one ends.", TimeSpan.FromSeconds(1));
        }

        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopped);
            return await OpenCountedAsync(kvTokens, either.Token);
        }
        catch (OperationCanceledException) when (_stopped.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            Interlocked.Decrement(ref _sessionCount);
            throw ShuttingDown();
        }
        catch
        {
            Interlocked.Decrement(ref _sessionCount);
            throw;
        }
    }

    /// <summary>A session ended: its room may be what another waits for.</summary>
    public void Forget(RingSession session)
    {
        _sessions.TryRemove(session.Id, out _);
        lock (_lock)
        {
            _freed.TrySetResult();
            _freed = NewSignal();
        }
    }

    /// <summary>A session that was handed out ended.</summary>
    public void Uncount() => Interlocked.Decrement(ref _sessionCount);

    public RingSession? Find(SessionId id) => _sessions.GetValueOrDefault(id);

    /// <summary>A node came, went or changed its offers.</summary>
    public void OnPeerChanged(PeerLink peer)
    {
        lock (_lock)
        {
            _changed.TrySetResult();
            _changed = NewSignal();
        }
    }

    /// <summary>A node is gone, and every session on it.</summary>
    public void OnPeerLost(PeerLink peer, SwarmException reason)
    {
        foreach (var session in _sessions.Values)
        {
            session.OnLost(peer, reason);
        }

        Links.Drop(peer.Peer, reason);
        OnPeerChanged(peer);
    }

    IFrameTarget? ILinkHost.Admit(FrameLink link, in FrameHeader header, out ErrorMessage? complaint)
    {
        complaint = null;
        return _sessions.TryGetValue(header.Session, out var session) && session.Admits(link, header) ? session : null;
    }

    void ILinkHost.OnError(FrameLink link, ErrorMessage error)
    {
        if (error.Session is { } id)
        {
            Find(id)?.OnError(link, error);
        }
    }

    void ILinkHost.OnClosed(FrameLink link, SwarmException reason)
    {
        foreach (var session in _sessions.Values)
        {
            session.OnLost(link, reason);
        }
    }

    /// <summary>Fails every session and closes every connection.</summary>
    public async ValueTask DisposeAsync()
    {
        PeerLink[] peers;
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            peers = [.. _peers.Values];
        }

        await _stop.CancelAsync();
        await _ticking;
        // Again until none is left: one may have been opened a moment ago.
        while (_sessions.Values.ToArray() is { Length: > 0 } sessions)
        {
            foreach (var session in sessions)
            {
                session.Fail(ShuttingDown());
            }

            await Task.WhenAll(sessions.Select(static s => s.CloseAsync()));
        }

        await Task.WhenAll(peers.Select(static p => p.DisposeAsync().AsTask()));
        await Links.DisposeAsync();
        _stop.Dispose();
    }

    private static SwarmException ShuttingDown() => new(SwarmError.ShuttingDown, "The coordinator is shutting down.");

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private PeerLink[] Snapshot()
    {
        lock (_lock)
        {
            return [.. _peers.Values];
        }
    }

    private List<ChainStage> Offered()
    {
        var offered = new List<ChainStage>();
        foreach (var peer in Snapshot())
        {
            if (peer.Offers is { } offers)
            {
                offered.AddRange(offers.Where(o => o.Model == Model && o.Info.Width == Width).Select(o => new ChainStage(peer.Peer, o.Info)));
            }
        }

        return offered;
    }

    private string? Complaint(PeerLink peer)
        => peer.Offers switch
        {
            null => $"{peer.Peer} is not there ({peer.Reason.TrimEnd('.')})",
            { } offers when offers.All(o => o.Model != Model) => $"{peer.Peer} hosts another model",
            _ => null,
        };

    private async Task<RingSession> OpenCountedAsync(int kvTokens, CancellationToken cancellationToken)
    {
        var started = Time.GetTimestamp();
        if (Volatile.Read(ref _inLine) == 0 && await TryOpenAsync(kvTokens, started, cancellationToken) is { } session)
        {
            return session;
        }

        // Whoever found no room waits in line: one after another tries again, in the order they came, so that a long request is not starved by short ones.
        Interlocked.Increment(ref _inLine);
        try
        {
            using var bound = new CancellationTokenSource(Options.AdmissionWait, Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(bound.Token, cancellationToken);
            try
            {
                await _line.WaitAsync(either.Token);
            }
            catch (OperationCanceledException) when (bound.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                throw new SwarmException(SwarmError.KvBudgetExhausted, $"The nodes have had no room for another session for {Options.AdmissionWait.TotalSeconds:0.#} s, and others wait too.", Options.AdmissionWait);
            }

            try
            {
                while (true)
                {
                    if (await TryOpenAsync(kvTokens, started, cancellationToken) is { } late)
                    {
                        return late;
                    }
                }
            }
            finally
            {
                _line.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _inLine);
        }
    }

    /// <summary>Tries once; chains that break meanwhile are replaced.</summary>
    /// <returns>Null, after a pause, when there was no room.</returns>
    private async Task<RingSession?> TryOpenAsync(int kvTokens, long started, CancellationToken cancellationToken)
    {
        for (var broken = 0; ;)
        {
            Task freed;
            lock (_lock)
            {
                freed = _freed.Task;
            }

            var chain = await WaitForChainAsync(Options.ChainWait, cancellationToken);
            var longest = chain.Min(static s => s.Info.MaxSequenceTokens);
            if (kvTokens > longest)
            {
                throw new SwarmException(SwarmError.ContextTooLong, $"Prompt and reply need {kvTokens} positions; the nodes hold at most {longest} a sequence.");
            }

            if (FindPeers(chain) is not { } peers)
            {
                // The source dropped a node this very moment.
                continue;
            }

            var session = new RingSession(this, chain, peers, kvTokens);
            _sessions[session.Id] = session;
            try
            {
                await session.OpenAsync(cancellationToken);
                return session;
            }
            catch (SwarmException refusal) when (refusal.IsTransient)
            {
                await session.CloseAsync();
                var isRoom = refusal.Error is SwarmError.KvBudgetExhausted or SwarmError.TooManySessions or SwarmError.TooManyFrames or SwarmError.LimitReached;
                var wait = Pause(session.Id, refusal.RetryAfter);
                if (Time.GetElapsedTime(started) + wait > Options.AdmissionWait || (!isRoom && ++broken > MaxBrokenOpens))
                {
                    throw new SwarmException(refusal.Error, refusal.Message, refusal.RetryAfter ?? TimeSpan.FromSeconds(1), refusal);
                }

                CoordinationLog.OpenRetried(Logger, session.Id, wait, refusal.Message);
                try
                {
                    await freed.WaitAsync(wait, Time, cancellationToken);
                }
                catch (TimeoutException)
                {
                    // Time to try again.
                }

                if (isRoom)
                {
                    return null;
                }
            }
            catch
            {
                await session.CloseAsync();
                throw;
            }
        }
    }

    private PeerLink[]? FindPeers(IReadOnlyList<ChainStage> chain)
    {
        lock (_lock)
        {
            return chain.All(s => _peers.ContainsKey(s.Peer)) ? [.. chain.Select(s => _peers[s.Peer])] : null;
        }
    }

    /// <summary>As long as the stage says, within 50 ms and 2 s, give or take a quarter: many that wait must not come back all at once. The session's random id is the die.</summary>
    private static TimeSpan Pause(SessionId id, TimeSpan? asked)
    {
        var milliseconds = Math.Clamp((asked ?? TimeSpan.FromMilliseconds(200)).TotalMilliseconds, 50, 2000);
        return TimeSpan.FromMilliseconds(milliseconds * (0.75 + ((double)(byte)id.Value / byte.MaxValue / 2)));
    }

    private void FollowSource()
    {
        var wanted = _source.Peers.Take(Options.MaxPeers).ToHashSet();
        var gone = new List<PeerLink>();
        lock (_lock)
        {
            foreach (var peer in _peers.Keys.Where(p => !wanted.Contains(p)).ToArray())
            {
                gone.Add(_peers[peer]);
                _peers.Remove(peer);
            }

            foreach (var peer in wanted.Where(p => !_peers.ContainsKey(p)))
            {
                _peers.Add(peer, new PeerLink(this, peer));
            }
        }

        foreach (var peer in gone)
        {
            _ = peer.DisposeAsync().AsTask();
        }
    }

    private async Task TickAsync()
    {
        using var timer = new PeriodicTimer(TickInterval, Time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                FollowSource();
                var now = Time.GetTimestamp();
                foreach (var session in _sessions.Values)
                {
                    session.Tick(now);
                }

                Links.CloseIdle();
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
        catch (Exception failure)
        {
            CoordinationLog.BackgroundFailed(Logger, failure);
        }
    }
}
