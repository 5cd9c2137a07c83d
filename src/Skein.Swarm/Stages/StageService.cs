using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Skein.Swarm.Codecs;
using Skein.Swarm.Errors;
using Skein.Swarm.Links;
using Skein.Swarm.Messages;
using Skein.Swarm.Transport;
using Skein.Swarm.Wire;

namespace Skein.Swarm.Stages;

/// <summary>A node's side of the ring: takes part in sessions with the spans it hosts. Thread-safe.</summary>
/// <remarks>
/// Construct it, which registers its protocols with the transport, then start the transport. It owns neither transport nor stages.
/// Every failure of a session is told to its coordinator and to both neighbours.
/// </remarks>
public sealed class StageService : ILinkHost, IAsyncDisposable
{
    private readonly IReadOnlyList<HostedStage> _stages;
    private readonly ConcurrentDictionary<SessionKey, StageSession> _sessions = new();
    private readonly EndedSessions _ended = new(capacity: 1024);
    private readonly ConcurrentDictionary<UInt128, FrameLink> _inbound = new();
    private readonly ConcurrentDictionary<CoordinatorConnection, byte> _coordinators = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _ticking;
    private int _sessionCount;
    private int _inboundCount;
    private int _coordinatorCount;
    private long _waitingBytes;
    private int _disposed;

    /// <summary>Creates the service and registers its protocols.</summary>
    /// <param name="options">Limits.</param>
    /// <param name="stages">The loaded spans, one to sixteen.</param>
    /// <param name="transport">Where peers come from; it must not be listening yet, or early peers are refused.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Session failures; never prompt text.</param>
    /// <exception cref="ArgumentException">An option is out of range, or there are too many stages or none.</exception>
    public StageService(StageServiceOptions options, IReadOnlyList<HostedStage> stages, IRingTransport transport, TimeProvider? time = null, ILogger? logger = null)
    {
        options.Validate();
        if (stages.Count is < 1 or > WireLimits.MaxOffers)
        {
            throw new ArgumentException($"A node hosts 1 to {WireLimits.MaxOffers} spans, not {stages.Count}.", nameof(stages));
        }

        Options = options;
        _stages = stages;
        Time = time ?? TimeProvider.System;
        Logger = logger ?? NullLogger.Instance;
        Links = new LinkPool(transport, this, options.Timing, options.MaxOutboundLinks, Time, Logger);
        transport.Handle(RingProtocols.Session, ServeCoordinatorAsync);
        transport.Handle(RingProtocols.Activations, ServeLinkAsync);
        transport.Handle(RingProtocols.Bulk, ServeLinkAsync);
        _ticking = TickAsync();
    }

    /// <summary>Sessions open, opening or closing at the moment.</summary>
    public int SessionCount => Volatile.Read(ref _sessionCount);

    /// <summary>Frame links open at the moment, dialled and accepted.</summary>
    public int LinkCount => Links.Count + Volatile.Read(ref _inboundCount);

    /// <summary>Coordinators connected at the moment.</summary>
    public int CoordinatorCount => Volatile.Read(ref _coordinatorCount);

    /// <summary>Bytes of frames that wait for the engine at the moment.</summary>
    public long WaitingBytes => Interlocked.Read(ref _waitingBytes);

    internal StageServiceOptions Options { get; }

    internal TimeProvider Time { get; }

    internal ILogger Logger { get; }

    internal LinkPool Links { get; }

    /// <summary>Fails every session, closes every link and waits until all is freed.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        var reason = new SwarmException(SwarmError.ShuttingDown, "The node is shutting down.");
        var sessions = _sessions.Values.ToArray();
        foreach (var session in sessions)
        {
            session.Close(reason, FailureSource.Here);
        }

        await Task.WhenAll(sessions.Select(static s => s.Ended));
        foreach (var coordinator in _coordinators.Keys)
        {
            coordinator.Abort(reason);
        }

        foreach (var link in _inbound.Values)
        {
            link.Abort(reason);
        }

        await Links.DisposeAsync();
        await _stop.CancelAsync();
        await _ticking;
        _stop.Dispose();
    }

    IFrameTarget? ILinkHost.Admit(FrameLink link, in FrameHeader header, out ErrorMessage? complaint)
    {
        complaint = null;
        var key = new SessionKey(header.Session, header.Hop);
        if (_sessions.TryGetValue(key, out var session))
        {
            return session.Admits(link, header) ? session : null;
        }

        if (!_ended.Contains(key))
        {
            // The sender reached the wrong node, and would wait in vain.
            complaint = new ErrorMessage(header.Session, header.Hop, SwarmError.UnknownSession, "The node does not know this session: does the address lead to the same node for the stage before as for the coordinator?", null, header.Hop);
        }

        return null;
    }

    void ILinkHost.OnError(FrameLink link, ErrorMessage error)
    {
        // From downstream, the next stage names itself; from upstream, it names us.
        if (error.Session is not { } id)
        {
            return;
        }

        if (_sessions.TryGetValue(new SessionKey(id, error.Hop), out var mine) && mine.Uses(link) && !mine.IsDownstream(link))
        {
            mine.Close(new SwarmException(error.Error, error.Message), FailureSource.Upstream, answer: false, error.Origin);
        }
        else if (_sessions.TryGetValue(new SessionKey(id, error.Hop - 1), out var before) && before.IsDownstream(link))
        {
            before.Close(new SwarmException(error.Error, error.Message), FailureSource.Downstream, answer: false, error.Origin);
        }
    }

    void ILinkHost.OnClosed(FrameLink link, SwarmException reason)
    {
        foreach (var session in _sessions.Values)
        {
            if (session.IsDownstream(link))
            {
                session.Close(new SwarmException(SwarmError.PeerLost, $"The link to the next stage broke: {reason.Message}", null, reason), FailureSource.Downstream);
            }
            else if (session.Uses(link))
            {
                session.Close(new SwarmException(SwarmError.PeerLost, $"The link from the stage before broke: {reason.Message}", null, reason), FailureSource.Upstream);
            }
        }
    }

    internal OffersMessage DescribeOffers()
        => new([.. _stages.Select(static s => new StageOffer(s.Model, s.Stage.Info, Math.Max(0, s.Stage.FreeKvTokens)))]);

    internal FrameLink? FindInboundLink(UInt128 id) => _inbound.GetValueOrDefault(id);

    /// <summary>Checks what a coordinator asks for and makes room for it.</summary>
    /// <exception cref="SwarmException">Why it is refused.</exception>
    internal StageSession CreateSession(CoordinatorConnection owner, OpenMessage open)
    {
        if (Volatile.Read(ref _disposed) != 0)
        {
            throw new SwarmException(SwarmError.ShuttingDown, "The node is shutting down.");
        }

        var ofModel = _stages.Where(s => s.Model == open.Model).ToArray();
        if (ofModel.Length == 0)
        {
            throw new SwarmException(SwarmError.UnknownModel, "The node does not host this model: check that both sides use the same file.");
        }

        var hosted = Array.Find(ofModel, s => s.Stage.Info.Span == open.Span)
            ?? throw new SwarmException(SwarmError.SpanNotHosted, $"The node hosts blocks {string.Join(" and ", ofModel.Select(static s => s.Stage.Info.Span))} of the model, not exactly {open.Span}.");
        if (!RowCodecs.TryGet(open.Format, out var codec))
        {
            throw new SwarmException(SwarmError.UnsupportedCodec, $"The node does not know row format {(int)open.Format}.");
        }

        if (open.KvTokens < 1 || open.KvTokens > hosted.Stage.Info.MaxSequenceTokens)
        {
            throw new SwarmException(SwarmError.ContextTooLong, $"The session wants {open.KvTokens} positions; the stage holds 1 to {hosted.Stage.Info.MaxSequenceTokens} a sequence.");
        }

        if (Interlocked.Increment(ref _sessionCount) > Options.MaxSessions)
        {
            Interlocked.Decrement(ref _sessionCount);
            throw new SwarmException(SwarmError.TooManySessions, $"The node serves {Options.MaxSessions} sessions already.", Options.RetryAfter);
        }

        var session = new StageSession(this, owner, hosted, open, codec);
        if (!_sessions.TryAdd(session.Key, session))
        {
            Interlocked.Decrement(ref _sessionCount);
            throw new SwarmException(SwarmError.BadMessage, "The session is open already.");
        }

        owner.Remember(session);
        if (session.Ended.IsCompleted)
        {
            // The service was disposed in between.
            owner.Forget(session);
        }

        return session;
    }

    internal void Forget(StageSession session)
    {
        _ended.Add(session.Key);
        if (_sessions.TryRemove(KeyValuePair.Create(session.Key, session)))
        {
            Interlocked.Decrement(ref _sessionCount);
        }

        session.Owner.Forget(session);
    }

    internal bool TryReserve(int bytes)
    {
        if (Interlocked.Add(ref _waitingBytes, bytes) <= Options.MaxWaitingBytes.Bytes)
        {
            return true;
        }

        Interlocked.Add(ref _waitingBytes, -bytes);
        return false;
    }

    internal void Unreserve(int bytes) => Interlocked.Add(ref _waitingBytes, -bytes);

    private async Task ServeCoordinatorAsync(InboundStream inbound, CancellationToken cancellationToken)
    {
        var connection = new WireConnection(inbound.Stream, inbound.Remote, Time);
        await using var closing = cancellationToken.Register(() => connection.Abort(new SwarmException(SwarmError.ShuttingDown, "The node is shutting down.")));
        var count = Interlocked.Increment(ref _coordinatorCount);
        try
        {
            if (count > Options.MaxCoordinators && !MakeRoomForCoordinator())
            {
                await connection.AbortWithNoticeAsync(new SwarmException(SwarmError.LimitReached, $"The node serves {Options.MaxCoordinators} coordinators already."), Options.Timing.ConnectBound);
                return;
            }

            var coordinator = new CoordinatorConnection(this, connection);
            _coordinators[coordinator] = 0;
            if (Volatile.Read(ref _disposed) != 0)
            {
                coordinator.Abort(new SwarmException(SwarmError.ShuttingDown, "The node is shutting down."));
            }

            try
            {
                StageLog.CoordinatorConnected(Logger, inbound.Remote);
                await coordinator.RunAsync();
            }
            finally
            {
                _coordinators.TryRemove(coordinator, out _);
            }
        }
        finally
        {
            Interlocked.Decrement(ref _coordinatorCount);
        }
    }

    /// <summary>Lets the coordinator go that has no session and was silent longest: one that wants something sends heartbeats, and comes back.</summary>
    private bool MakeRoomForCoordinator()
    {
        if (_coordinators.Keys.Where(static c => c.IsIdle).MinBy(static c => c.LastReceived) is not { } silent)
        {
            return false;
        }

        _coordinators.TryRemove(silent, out _);
        silent.Abort(new SwarmException(SwarmError.LimitReached, $"The node serves {Options.MaxCoordinators} coordinators; one that had no session made room for another."));
        return true;
    }

    private async Task ServeLinkAsync(InboundStream inbound, CancellationToken cancellationToken)
    {
        var connection = new WireConnection(inbound.Stream, inbound.Remote, Time);
        await using var closing = cancellationToken.Register(() => connection.Abort(new SwarmException(SwarmError.ShuttingDown, "The node is shutting down.")));
        var count = Interlocked.Increment(ref _inboundCount);
        try
        {
            if (count > Options.MaxInboundLinks)
            {
                await connection.AbortWithNoticeAsync(new SwarmException(SwarmError.LimitReached, $"The node serves {Options.MaxInboundLinks} links already."), Options.Timing.ConnectBound);
                return;
            }

            var link = await GreetAsync(connection, inbound.Class);
            if (link is null)
            {
                return;
            }

            if (Volatile.Read(ref _disposed) != 0)
            {
                link.Abort(new SwarmException(SwarmError.ShuttingDown, "The node is shutting down."));
            }

            try
            {
                await connection.SendAsync(new WelcomeMessage());
                await link.RunAsync(this, Options.Timing);
            }
            finally
            {
                _inbound.TryRemove(KeyValuePair.Create(link.Id, link));
            }
        }
        catch (SwarmException failure)
        {
            // Before the link was up: nobody depends on it yet.
            connection.Abort(failure);
        }
        finally
        {
            Interlocked.Decrement(ref _inboundCount);
        }
    }

    private async ValueTask<FrameLink?> GreetAsync(WireConnection connection, TrafficClass trafficClass)
    {
        using var bound = connection.AbortAfter(Options.Timing.ConnectBound, "the greeting on a frame link");
        var header = await connection.ReadHeaderAsync();
        if (header.Type != WireMessageType.Hello || !HelloMessage.TryRead((await connection.ReadBodyAsync(header)).Span, out var hello))
        {
            await connection.AbortWithNoticeAsync(new SwarmException(SwarmError.BadMessage, "A frame link begins with a greeting."), Options.Timing.ConnectBound);
            return null;
        }

        var link = new FrameLink(connection, hello.Link, trafficClass, null);
        if (_inbound.TryAdd(link.Id, link))
        {
            return link;
        }

        await connection.AbortWithNoticeAsync(new SwarmException(SwarmError.BadMessage, "A link of this name is open already."), Options.Timing.ConnectBound);
        return null;
    }

    private async Task TickAsync()
    {
        using var timer = new PeriodicTimer(Options.Timing.Tick, Time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
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
    }
}
