using System.Collections.Concurrent;
using Skein.P2P.Addressing;
using Skein.P2P.Connections;
using Skein.P2P.Errors;
using Skein.P2P.Identity;
using Skein.P2P.Transports;
using Skein.P2P.Wire;
using Skein.P2P.Yamux;

namespace Skein.P2P.HolePunching;

/// <summary>Turns connections through relays into direct ones: both sides call each other at once (libp2p/specs, relay/DCUtR). Thread-safe.</summary>
/// <remarks>
/// Whoever was called through the relay leads: a plain call first if the peer has a public address, then up to three rounds. Whoever called through the relay is
/// the client of the direct connection, whatever TCP says. New streams take the direct connection; the relayed one is closed when nothing runs over it.
/// </remarks>
public sealed class HolePuncher : IAsyncDisposable
{
    /// <summary>Protocol id.</summary>
    public const string Id = "/libp2p/dcutr";

    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    private readonly P2PHost _host;
    private readonly IPunchTransport _transport;
    private readonly HolePunchOptions _options;
    private readonly TimeProvider _time;
    private readonly CallBudget _budget;
    private readonly PunchHistory _history;
    private readonly RunningWork _running = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<PeerId, DirectSearch> _searches = new();
    private int _disposed;

    /// <summary>Begins to watch the host's connections.</summary>
    /// <param name="host">The host.</param>
    /// <param name="transport">Calls that can cross; the one that the host listens with.</param>
    /// <param name="options">Times and limits.</param>
    /// <param name="time">Clock.</param>
    public HolePuncher(P2PHost host, IPunchTransport transport, HolePunchOptions options, TimeProvider time)
    {
        _host = host;
        _transport = transport;
        _options = options;
        _time = time;
        _budget = new CallBudget(options, time);
        _history = new PunchHistory(options, time);
        host.ConnectionOpened += OnConnectionOpened;
        host.DirectWay = peer => _searches.TryGetValue(peer, out var search) ? search.Ended : Task.CompletedTask;
        host.Handle(Id, StreamClass.Control, FollowAsync, maxStreams: 2);
    }

    /// <summary>A search ended. Must not block.</summary>
    public event EventHandler<HolePunchEventArgs>? Ended;

    /// <summary>How the last searches ended, newest first, one for each peer.</summary>
    public IReadOnlyList<HolePunchOutcome> Outcomes => _history.Outcomes;

    /// <summary>Stops searching.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        _host.ConnectionOpened -= OnConnectionOpened;
        _host.DirectWay = null;
        _host.Unhandle(Id);
        await _stopping.CancelAsync();
        await _running.WhenIdle();
        _stopping.Dispose();
    }

    private void OnConnectionOpened(object? sender, P2PConnectionEventArgs e)
    {
        var connection = e.Connection;
        if (!connection.IsRelayed || _history.HasJustFailed(connection.Peer))
        {
            return;
        }

        var search = new DirectSearch();
        if (_searches.TryAdd(connection.Peer, search))
        {
            _ = SearchAsync(connection, search);
        }
    }

    private async Task SearchAsync(P2PConnection relayed, DirectSearch search)
    {
        _running.Enter();
        try
        {
            // Off the thread that raised the event.
            await Task.Yield();
            using var direct = new DirectWatch(_host, relayed.Peer);
            using var end = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
            var started = _time.GetTimestamp();
            if (relayed.IsOutbound)
            {
                // The other side leads; if it never does, nobody waits for longer than it would take.
                var most = _options.AddressTimeout + _options.ReversalTimeout + (_options.MaxTries * _options.DialTimeout);
                await Task.WhenAny(direct.Task, relayed.Closed, search.GivenUp, Task.Delay(most, _time, end.Token));
                var result = !direct.Task.IsCompleted ? HolePunchResult.StayedOnRelay : search.Tries == 0 ? HolePunchResult.Reversed : HolePunchResult.Punched;
                Remember(new HolePunchOutcome(relayed.Peer, result, search.Tries, _time.GetElapsedTime(started), result == HolePunchResult.StayedOnRelay ? search.Reason : string.Empty));
            }
            else
            {
                Remember(await LeadAsync(relayed, direct, started, end.Token));
            }

            search.End();
            if (direct.Task.IsCompleted)
            {
                await LetGoAsync(relayed, end.Token);
            }

            await end.CancelAsync();
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The host stops.
        }
        finally
        {
            _searches.TryRemove(relayed.Peer, out _);
            search.End();
            _running.Leave();
        }
    }

    private async Task<HolePunchOutcome> LeadAsync(P2PConnection relayed, DirectWatch direct, long started, CancellationToken cancellationToken)
    {
        HolePunchOutcome Outcome(HolePunchResult result, int tries, string reason) => new(relayed.Peer, result, tries, _time.GetElapsedTime(started), reason);

        await UntilAsync(() => _host.Peers.Find(relayed.Peer)?.Protocols is not null && OwnAddresses().Count > 0, _options.AddressTimeout, cancellationToken);
        if (await TryPlainCallAsync(relayed.Peer, (_host.Peers.Find(relayed.Peer)?.Addresses ?? []).Where(address => !address.IsRelayed && IpScope.IsPublic(address) && address.HasTcp), direct, cancellationToken))
        {
            return Outcome(HolePunchResult.Reversed, 0, string.Empty);
        }

        if (_host.Peers.Find(relayed.Peer)?.Protocols is { } spoken && !spoken.Contains(Id, StringComparer.Ordinal))
        {
            return Outcome(HolePunchResult.StayedOnRelay, 0, "The peer does not take part in hole punching.");
        }

        if (OwnAddresses().Count == 0)
        {
            return Outcome(HolePunchResult.StayedOnRelay, 0, "Nobody has told this host yet how it is seen from outside.");
        }

        var reason = string.Empty;
        for (var tries = 1; tries <= _options.MaxTries; tries++)
        {
            try
            {
                reason = await RoundAsync(relayed, direct, cancellationToken);
                if (reason.Length == 0)
                {
                    return Outcome(HolePunchResult.Punched, tries, reason);
                }
            }
            catch (Exception fault) when (fault is P2PException or IOException || (fault is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                reason = fault.Message;
                if (relayed.Closed.IsCompleted)
                {
                    return Outcome(direct.Task.IsCompleted ? HolePunchResult.Punched : HolePunchResult.StayedOnRelay, tries, direct.Task.IsCompleted ? string.Empty : "The relayed connection ended.");
                }
            }
        }

        return Outcome(HolePunchResult.StayedOnRelay, _options.MaxTries, reason);
    }

    // The peer may be reachable after all: a plain call, this side being the client.
    private async Task<bool> TryPlainCallAsync(PeerId peer, IEnumerable<Multiaddr> known, DirectWatch direct, CancellationToken cancellationToken)
    {
        var addresses = known.Take(_options.MaxAddresses).ToList();
        if (addresses.Count == 0 || !_budget.TryTake(addresses.Count))
        {
            return direct.Task.IsCompleted;
        }

        using var bound = Bound(_options.ReversalTimeout, cancellationToken);
        try
        {
            await _host.DialDirectAsync(peer, addresses, bound.Token);
            return true;
        }
        catch (Exception fault) when (fault is P2PException || (fault is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return direct.Task.IsCompleted;
        }
        finally
        {
            _budget.Release();
        }
    }

    // One round as the leader: empty if a direct connection is there, else why not.
    private async Task<string> RoundAsync(P2PConnection relayed, DirectWatch direct, CancellationToken cancellationToken)
    {
        await using var stream = await relayed.NewStreamAsync(Id, StreamClass.Control, cancellationToken);
        IReadOnlyList<Multiaddr> targets;
        TimeSpan roundTrip;
        var atHome = Task.FromResult(false);
        using (var bound = Bound(_options.MessageTimeout, cancellationToken))
        {
            await DelimitedMessages.WriteAsync(stream, Own().Write(), bound.Token);
            var sent = _time.GetTimestamp();
            if (await ReadAsync(stream, HolePunchMessageType.Connect, bound.Token) is not { } theirs)
            {
                return "The peer did not say where it is seen.";
            }

            roundTrip = _time.GetElapsedTime(sent);
            targets = Targets(theirs);
            if (targets.Count == 0)
            {
                return "The peer named no public address of its own.";
            }

            await DelimitedMessages.WriteAsync(stream, new HolePunchMessage(HolePunchMessageType.Sync, []).Write(), bound.Token);
            if (SharedHome.IsSharedBy(_host, theirs.Addresses))
            {
                // Behind one router the way is within the home; few routers let calls out and in again.
                atHome = TryPlainCallAsync(relayed.Peer, SharedHome.AddressesOf(_host, _host.Peers.Find(relayed.Peer), _options.MaxAddresses), direct, cancellationToken);
            }
        }

        // Half a round trip later the other side has the word, and both call at once.
        await Task.WhenAny(direct.Task, Task.Delay(roundTrip / 2, _time, cancellationToken));
        await stream.CloseWriteAsync(cancellationToken);
        var reason = await CallAsync(relayed.Peer, targets, isClient: false, direct, cancellationToken);
        return await atHome ? string.Empty : reason;
    }

    // The other side of a round.
    private async Task FollowAsync(P2PStream stream, CancellationToken cancellationToken)
    {
        // Only whoever called through the relay follows, and not for ever; anything else would make us call at a stranger's word.
        if (!stream.Connection.IsRelayed || !stream.Connection.IsOutbound || _history.HasJustFailed(stream.Peer))
        {
            stream.Reset();
            return;
        }

        // The leader's word may be here before this side knows of its own connection.
        DirectSearch? search = null;
        await UntilAsync(() => _searches.TryGetValue(stream.Peer, out search), _options.MessageTimeout / 2, cancellationToken);
        if (search is null || !search.TryBegin(_options.MaxTries))
        {
            stream.Reset();
            return;
        }

        using var direct = new DirectWatch(_host, stream.Peer);
        IReadOnlyList<Multiaddr> targets;
        using (var bound = Bound(_options.MessageTimeout, cancellationToken))
        {
            await UntilAsync(() => OwnAddresses().Count > 0, _options.MessageTimeout / 2, bound.Token);
            if (await ReadAsync(stream, HolePunchMessageType.Connect, bound.Token) is not { } theirs)
            {
                stream.Reset();
                return;
            }

            targets = Targets(theirs);
            await DelimitedMessages.WriteAsync(stream, Own().Write(), bound.Token);
            if (await ReadAsync(stream, HolePunchMessageType.Sync, bound.Token) is null)
            {
                stream.Reset();
                return;
            }
        }

        var reason = targets.Count > 0 ? await CallAsync(stream.Peer, targets, isClient: true, direct, cancellationToken) : "The peer named no public address of its own.";
        if (reason.Length > 0)
        {
            search.Failed(reason, _options.MaxTries);
        }
    }

    private async Task<string> CallAsync(PeerId peer, IReadOnlyList<Multiaddr> targets, bool isClient, DirectWatch direct, CancellationToken cancellationToken)
    {
        if (!_budget.TryTake(targets.Count))
        {
            return "Too many other peers are being called.";
        }

        try
        {
            using var bound = Bound(_options.DialTimeout, cancellationToken);
            var calls = targets.Select(target => CallAsync(peer, target, isClient, bound.Token)).ToList();
            var faults = new List<string>();
            while (calls.Count > 0 && !direct.Task.IsCompleted)
            {
                var ended = await Task.WhenAny(calls.Append(direct.Task));
                if (ended is Task<string> call)
                {
                    calls.Remove(call);
                    faults.Add(await call);
                }
            }

            // What one call won, the other side may have won by another: wait for whichever is there.
            if (!direct.Task.IsCompleted)
            {
                await Task.WhenAny(direct.Task, UntilAsync(() => direct.Task.IsCompleted, _options.DialTimeout, bound.Token));
            }

            await bound.CancelAsync();
            await Task.WhenAll(calls);
            return direct.Task.IsCompleted ? string.Empty : string.Join(" ", faults.Where(fault => fault.Length > 0).Distinct(StringComparer.Ordinal));
        }
        finally
        {
            _budget.Release();
        }
    }

    // Empty if this call made a connection.
    private async Task<string> CallAsync(PeerId peer, Multiaddr target, bool isClient, CancellationToken cancellationToken)
    {
        try
        {
            var raw = await _transport.PunchAsync(target, takeInbound: isClient, cancellationToken);
            await _host.AdoptAsync(raw, outbound: isClient, peer, cancellationToken);
            return string.Empty;
        }
        catch (P2PException fault)
        {
            return fault.Message;
        }
        catch (OperationCanceledException)
        {
            return $"Calls to {target} crossed none of the peer's within {_options.DialTimeout.TotalSeconds:0.#} s: a router between gives each call a port of its own, or lets nothing in.";
        }
    }

    private static async Task<HolePunchMessage?> ReadAsync(P2PStream stream, HolePunchMessageType expected, CancellationToken cancellationToken)
        => await DelimitedMessages.ReadAsync(stream, HolePunchMessage.MaxEncoded, cancellationToken) is { } encoded && HolePunchMessage.TryRead(encoded, out var message) && message.Type == expected ? message : null;

    private HolePunchMessage Own() => new(HolePunchMessageType.Connect, OwnAddresses());

    // Where others see this host, newest connections first; then what it announces.
    private IReadOnlyList<Multiaddr> OwnAddresses()
        => [.. _host.Connections.Where(connection => !connection.IsRelayed && connection.IsOutbound).Select(connection => connection.ObservedAddress).OfType<Multiaddr>()
            .Concat(_host.Addresses).Where(IsCallable).Distinct().Take(_options.MaxAddresses)];

    private IReadOnlyList<Multiaddr> Targets(HolePunchMessage message) => [.. message.Addresses.Select(address => address.WithoutPeerId()).Where(IsCallable).Distinct()
            // Every home has the same private addresses: a call to them would meet ourselves.
            .Except(_host.Addresses)
            // A home has one address of each kind; more would be other people's doors.
            .GroupBy(address => address.Parts[0].Code)
            .SelectMany(kind => kind.Where(address => address.Parts[0].Equals(kind.First().Parts[0])))
            .Take(_options.MaxAddresses)];

    private bool IsCallable(Multiaddr address) => !address.IsRelayed && _transport.CanPunch(address) && (_options.AllowPrivateAddresses || IpScope.IsPublic(address));

    // Nothing tells of news in the peer store; looking ten times a second costs nothing.
    private async Task UntilAsync(Func<bool> condition, TimeSpan most, CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        while (!condition() && _time.GetElapsedTime(started) < most && !cancellationToken.IsCancellationRequested)
        {
            await Task.WhenAny(Task.Delay(Step, _time, cancellationToken));
        }
    }

    // Closes the relayed connection once nothing runs over it.
    private async Task LetGoAsync(P2PConnection relayed, CancellationToken cancellationToken)
    {
        while (!relayed.Closed.IsCompleted && relayed.IdleFor < _options.Grace)
        {
            await Task.WhenAny(relayed.Closed, Task.Delay(_options.Grace / 4, _time, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
        }

        await relayed.CloseAsync();
    }

    private CancellationTokenSource Bound(TimeSpan most, CancellationToken cancellationToken)
    {
        var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var timer = _time.CreateTimer(static state => Cancel((CancellationTokenSource)state!), bound, most, Timeout.InfiniteTimeSpan);
        bound.Token.UnsafeRegister(static state => ((ITimer)state!).Dispose(), timer);
        return bound;
    }

    private static void Cancel(CancellationTokenSource source)
    {
        try
        {
            source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It ended at the same moment.
        }
    }

    private void Remember(HolePunchOutcome outcome)
    {
        _history.Add(outcome);
        Ended?.Invoke(this, new HolePunchEventArgs(outcome));
    }
}
