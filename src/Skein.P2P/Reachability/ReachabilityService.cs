using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Skein.P2P.Addressing;
using Skein.P2P.AutoNat;
using Skein.P2P.Connections;
using Skein.P2P.Identity;
using Skein.P2P.PortMapping;

namespace Skein.P2P.Reachability;

/// <summary>Finds out whether strangers reach this node, and by what address: gathers addresses that might do, and asks AutoNAT servers among the connected peers to try them. Thread-safe.</summary>
/// <remarks>What peers say they see is hearsay; what counts is that a server proved to have got through. <see cref="Changed"/> is raised on the service's own loop, one call at a time.</remarks>
public sealed class ReachabilityService : IAsyncDisposable
{
    // Identify of several connections ends within a moment of each other: one look for all.
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(200);

    // One for each kind of IP address.
    private const int MaxObserved = 2;

    private readonly P2PHost _host;
    private readonly AutoNatClient _client;
    private readonly PortMappingService? _router;
    private readonly IReadOnlyList<Multiaddr> _announced;
    private readonly ReachabilityOptions _options;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _publishing = new();
    private readonly Channel<bool> _news = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Dictionary<(Multiaddr Address, string Server), (bool? Reached, string Detail, long At)> _answers = [];
    private volatile ReachabilityReport _report = ReachabilityReport.Nothing;
    private TaskCompletionSource _looked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task? _loop;

    /// <summary>Makes the service; nothing happens before <see cref="Start"/>.</summary>
    /// <param name="host">The host; not owned.</param>
    /// <param name="client">Asks; not owned.</param>
    /// <param name="router">The home router's port, if one is asked for; not owned.</param>
    /// <param name="announced">Addresses that whoever runs the node believes in.</param>
    /// <param name="options">How it finds out.</param>
    /// <param name="time">Clock.</param>
    public ReachabilityService(P2PHost host, AutoNatClient client, PortMappingService? router, IReadOnlyList<Multiaddr> announced, ReachabilityOptions options, TimeProvider time)
    {
        _host = host;
        _client = client;
        _router = router;
        _announced = announced;
        _options = options;
        _time = time;
    }

    /// <summary>The report is another than before.</summary>
    public event Action<ReachabilityReport>? Changed;

    /// <summary>What is known at this moment.</summary>
    public ReachabilityReport Report => _report;

    /// <summary>Begins to look, and looks again whenever a peer or the router has news and when answers grow old. Calls after the first change nothing.</summary>
    public void Start()
    {
        if (_loop is not null)
        {
            return;
        }

        _host.PeerIdentified += OnNews;
        _host.ConnectionClosed += OnNews;
        if (_router is not null)
        {
            _router.Changed += OnRouter;
        }

        _loop = RunAsync(_stopping.Token);
    }

    /// <summary>Waits until it is known whether others reach this node.</summary>
    /// <returns>The report when it is, or when the bound has passed.</returns>
    public async Task<ReachabilityReport> WaitForVerdictAsync(TimeSpan bound, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(bound, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            while (true)
            {
                var looked = Volatile.Read(ref _looked).Task;
                if (_report.State != ReachabilityState.Unknown)
                {
                    return _report;
                }

                await looked.WaitAsync(both.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return _report;
        }
    }

    /// <summary>Looks no longer.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested)
        {
            return;
        }

        _host.PeerIdentified -= OnNews;
        _host.ConnectionClosed -= OnNews;
        if (_router is not null)
        {
            _router.Changed -= OnRouter;
        }

        await _stopping.CancelAsync();
        if (_loop is { } loop)
        {
            await loop;
        }

        _stopping.Dispose();
    }

    private void OnNews(object? sender, P2PConnectionEventArgs e) => _news.Writer.TryWrite(true);

    private void OnRouter(MappedPort? port) => _news.Writer.TryWrite(true);

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        try
        {
            while (true)
            {
                await LookAsync(cancellationToken);
                await WaitForNewsAsync(cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Disposed.
        }
    }

    private async Task WaitForNewsAsync(CancellationToken cancellationToken)
    {
        using var pause = new CancellationTokenSource(_options.RetryDelay, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(pause.Token, cancellationToken);
        try
        {
            await _news.Reader.ReadAsync(both.Token);
            await Task.Delay(Settle, _time, cancellationToken);
            _news.Reader.TryRead(out _);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Time for a look without news.
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        var candidates = Candidates();
        var servers = Servers();
        Forget(candidates.Select(candidate => candidate.Address).ToHashSet());
        Publish(candidates, servers.Count);
        using var places = new SemaphoreSlim(_options.MaxServersAtOnce);
        await Task.WhenAll(servers.Select(async server =>
        {
            await places.WaitAsync(cancellationToken);
            try
            {
                foreach (var (address, _) in candidates)
                {
                    if (MustAsk(address, server.Key))
                    {
                        // One address a request: the answer is then about this one, or nothing.
                        var outcome = await _client.AskAsync(server.Peer, [address], cancellationToken);
                        lock (_answers)
                        {
                            _answers[(address, server.Key)] = (outcome.IsReachable, outcome.Detail, _time.GetTimestamp());
                        }

                        Publish(candidates, servers.Count);
                    }
                }
            }
            finally
            {
                places.Release();
            }
        }));
    }

    private IReadOnlyList<(Multiaddr Address, string Source)> Candidates()
    {
        var own = _host.ListenAddresses;
        var listening = own.Select(address => address.TcpEndPoint).FirstOrDefault(end => end?.AddressFamily == AddressFamily.InterNetwork);
        var found = new List<(Multiaddr Address, string Source)>();
        found.AddRange(_announced.Select(address => (address, "announced")));
        if (_router?.Current is { } port && !port.External.Address.Equals(IPAddress.Any))
        {
            found.Add((Multiaddr.FromTcp(port.External), "router"));
        }

        // What this host knows itself stands before what others say: their word must not push it off the list.
        found.AddRange(own.Select(address => (address, "interface")));
        var observed = ObservedAddresses.Count(_host.Connections);
        var needed = Needed(observed.Sum(entry => entry.Observers));
        if (listening is not null)
        {
            found.AddRange(observed.Where(entry => entry.Observers >= needed).Take(MaxObserved).Select(entry => (Multiaddr.FromTcp(entry.EndPoint), "observed")));

            // A forwarded port has the number of ours, as a rule; and so has a router's that its owner set up without telling us.
            found.AddRange(observed.Select(entry => entry.EndPoint.Address).Where(address => address.AddressFamily == listening.AddressFamily).Distinct().Take(1)
                .Select(address => (Multiaddr.FromTcp(new IPEndPoint(address, listening.Port)), "forwarded")));
        }

        return [.. found.Where(entry => entry.Address.IsPlainTcp && entry.Address.TcpEndPoint is not null && (_options.AllowPrivate || IpScope.IsPublic(entry.Address)))
            .DistinctBy(entry => entry.Address).Take(_options.MaxAddresses)];
    }

    private IReadOnlyList<(string Key, PeerId Peer)> Servers()
        => [.. _host.Connections.Where(connection => !connection.IsRelayed && _host.Peers.Find(connection.Peer)?.Protocols?.Contains(AutoNatProtocol.DialRequestId, StringComparer.Ordinal) == true)
            .Select(connection => (Key: ObservedAddresses.ObserverOf(connection), connection.Peer))
            .DistinctBy(server => server.Key, StringComparer.Ordinal)
            // No more than have to agree, and as many again for those that cannot say.
            .Take(_options.Confirmations * 2)];

    // How many of those there are must agree.
    private int Needed(int there) => Math.Clamp(there, 1, there < _options.SmallNetwork ? _options.ConfirmationsInSmallNetworks : _options.Confirmations);

    private bool MustAsk(Multiaddr address, string server)
    {
        lock (_answers)
        {
            return !_answers.TryGetValue((address, server), out var answer)
                || _time.GetElapsedTime(answer.At) >= (answer.Reached is null ? _options.RetryDelay : _options.AnswerLifetime);
        }
    }

    private void Forget(HashSet<Multiaddr> candidates)
    {
        lock (_answers)
        {
            foreach (var old in _answers.Where(entry => !candidates.Contains(entry.Key.Address) || _time.GetElapsedTime(entry.Value.At) >= _options.AnswerLifetime * 2).Select(entry => entry.Key).ToList())
            {
                _answers.Remove(old);
            }
        }
    }

    // Servers answer side by side: one report at a time.
    private void Publish(IReadOnlyList<(Multiaddr Address, string Source)> candidates, int servers)
    {
        lock (_publishing)
        {
            var before = _report;
            var after = Judge(candidates, servers);
            _report = after;
            Interlocked.Exchange(ref _looked, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
            if (before.State != after.State || before.Mapping != after.Mapping || !before.Reachable.SequenceEqual(after.Reachable))
            {
                Changed?.Invoke(after);
            }
        }
    }

    private ReachabilityReport Judge(IReadOnlyList<(Multiaddr Address, string Source)> candidates, int servers)
    {
        var needed = Needed(servers);
        List<(Multiaddr Address, bool? Reached, string Detail)> answers;
        lock (_answers)
        {
            answers = [.. _answers.Select(entry => (entry.Key.Address, entry.Value.Reached, entry.Value.Detail))];
        }

        var addresses = candidates.Select(candidate =>
        {
            var said = answers.Where(answer => answer.Address.Equals(candidate.Address)).ToList();
            var (reached, failed) = (said.Count(answer => answer.Reached == true), said.Count(answer => answer.Reached == false));
            var state = reached >= needed && reached > failed ? ReachabilityState.Reachable : failed >= needed && failed >= reached ? ReachabilityState.Unreachable : ReachabilityState.Unknown;
            return new AddressReachability(candidate.Address, state, reached, failed, candidate.Source);
        }).ToList();
        var overall = addresses.Any(entry => entry.State == ReachabilityState.Reachable) ? ReachabilityState.Reachable
            : addresses.Count > 0 && addresses.All(entry => entry.State == ReachabilityState.Unreachable) ? ReachabilityState.Unreachable
            : ReachabilityState.Unknown;
        return new ReachabilityReport(
            overall,
            addresses,
            ObservedAddresses.MappingOf(_host.Connections, _host.ListenAddresses),
            ObservedAddresses.Count(_host.Connections) is [var (seen, _), ..] ? seen.Address : null,
            servers,
            [.. answers.Where(answer => answer.Reached is null).Select(answer => answer.Detail).Distinct(StringComparer.Ordinal)]);
    }
}
