using System.Security.Cryptography;
using Skein.P2P.Addressing;
using Skein.P2P.Connections;
using Skein.P2P.Errors;
using Skein.P2P.Identity;
using Skein.P2P.Yamux;

namespace Skein.P2P.Kademlia;

/// <summary>The DHT over a host: finds peers, keeps small values, and says who provides what. Thread-safe.</summary>
/// <remarks>
/// A rendezvous, never on the way of a token. Everything that others say is a hint or is checked: values by their namespace's rules at every put and get, addresses by a dial
/// that proves the peer, table entries by an answer. Specification: libp2p/specs, kad-dht; the differences are in docs/protocol/kademlia.md.
/// </remarks>
public sealed class KademliaService : IAsyncDisposable
{
    // Buckets farther out than this hold half, a quarter ... of all peers: deeper ones are filled by looking for ourselves.
    private const int MaxRefreshedBuckets = 12;

    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(60);

    private readonly P2PHost _host;
    private readonly KademliaOptions _options;
    private readonly TimeProvider _time;
    private readonly KadTable _table;
    private readonly KadServer _server;
    private readonly KadClient _client;
    private readonly KadWalk _walk;
    private readonly CancellationTokenSource _stopping = new();
    private readonly KadNewcomers _newcomers;
    private readonly KadAnnouncer _announcer;
    private readonly Lock _gate = new();
    private TaskCompletionSource _alone = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _announcing = Task.CompletedTask;
    private Task _refresh = Task.CompletedTask;
    private bool _isStarted;
    private bool _isServing;
    private int _disposed;

    /// <summary>Attaches the DHT to a host; nothing is asked before <see cref="Start"/>.</summary>
    /// <param name="host">The host; the service does not own it, and must be disposed before it.</param>
    /// <param name="options">How to behave.</param>
    /// <param name="time">Clock.</param>
    public KademliaService(P2PHost host, KademliaOptions options, TimeProvider time)
    {
        _host = host;
        _options = options;
        _time = time;
        _table = new KadTable(host, options, time);
        _table.Emptied += OnEmptied;
        host.ConnectionClosed += OnClosed;
        _server = new KadServer(host, options, _table, time);
        _client = new KadClient(host, options, time);
        _walk = new KadWalk(host, _client, _table, options, time);
        _newcomers = new KadNewcomers(host, _client, _table, options.Protocol);
        _announcer = new KadAnnouncer(host, _client, FindClosestAsync, options, time);
        SetMode(options.Mode);
    }

    /// <summary>Whether this node serves others.</summary>
    public KademliaMode Mode
    {
        get
        {
            lock (_gate)
            {
                return _isServing ? KademliaMode.Server : KademliaMode.Client;
            }
        }
    }

    /// <summary>Peers in the routing table.</summary>
    public IReadOnlyList<PeerId> TablePeers => _table.Peers;

    /// <summary>Keeps the table fresh and announces again what is provided, until disposed. Calls after the first change nothing.</summary>
    /// <param name="seeds">Where to begin: anchors, with their peer ids. They are tried again and again, ever more slowly, as long as nobody is in the table.</param>
    public void Start(IReadOnlyList<Multiaddr> seeds)
    {
        lock (_gate)
        {
            if (!_isStarted)
            {
                _isStarted = true;
                _refresh = RefreshAsync(seeds);
                _announcing = AnnounceAsync();
            }
        }
    }

    /// <summary>Starts or stops to serve others; connected peers are told.</summary>
    public void SetMode(KademliaMode mode)
    {
        lock (_gate)
        {
            if (_isServing == (mode == KademliaMode.Server))
            {
                return;
            }

            _isServing = mode == KademliaMode.Server;
            if (_isServing)
            {
                _host.Handle(_options.Protocol, StreamClass.Control, _server.ServeAsync, KadServer.MaxStreamsPerConnection);
            }
            else
            {
                _host.Unhandle(_options.Protocol);
            }
        }
    }

    /// <summary>Waits until somebody is in the table.</summary>
    /// <exception cref="P2PException"><see cref="P2PError.TimedOut"/>: nobody answered within the bound.</exception>
    public async Task WaitUntilJoinedAsync(TimeSpan bound, CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        while (_table.Count == 0)
        {
            if (_time.GetElapsedTime(started) >= bound)
            {
                throw new P2PException(P2PError.TimedOut, $"No DHT node answered within {bound.TotalSeconds:0.#} s; check the anchor's address, and that this machine has a network.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), _time, cancellationToken);
        }
    }

    /// <summary>The reachable peers nearest to a key.</summary>
    public Task<IReadOnlyList<PeerId>> FindClosestAsync(ReadOnlyMemory<byte> key, CancellationToken cancellationToken)
        => _walk.RunAsync(new KadMessage { Type = KadMessageType.FindNode, Key = key }, static (_, _) => false, cancellationToken);

    /// <summary>Finds out where a peer is. Addresses are hints; the host's store has them afterwards.</summary>
    /// <returns>Null if nobody knows it.</returns>
    public async Task<KnownPeer?> FindPeerAsync(PeerId peer, CancellationToken cancellationToken)
    {
        if (_host.Peers.Find(peer) is { Addresses.Count: > 0 } known)
        {
            return known;
        }

        await _walk.RunAsync(
            new KadMessage { Type = KadMessageType.FindNode, Key = peer.Bytes },
            (_, answer) =>
            {
                if (answer.CloserPeers.FirstOrDefault(closer => closer.Id == peer && closer.Addresses.Count > 0) is not { } described)
                {
                    return false;
                }

                _host.Peers.AddHints(peer, described.Addresses);
                return true;
            },
            cancellationToken);
        return _host.Peers.Find(peer) is { Addresses.Count: > 0 } found ? found : null;
    }

    /// <summary>Stores a value at the peers nearest to its key.</summary>
    /// <param name="key"><c>/namespace/...</c></param>
    /// <param name="value">At most <see cref="KadLimits.MaxValue"/> bytes.</param>
    /// <param name="cancellationToken">Safe; some peers may have it then.</param>
    /// <returns>How many peers have taken it.</returns>
    /// <exception cref="P2PException"><see cref="P2PError.Malformed"/>: its namespace's rules refuse it; <see cref="P2PError.LimitReached"/>: nobody took it.</exception>
    public async Task<int> PutValueAsync(ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value, CancellationToken cancellationToken)
    {
        bool isValid;
        lock (_server.Gate)
        {
            isValid = _server.Records.IsValid(key.Span, value.Span, _time.GetUtcNow());
            if (isValid && Mode == KademliaMode.Server)
            {
                _server.Records.Put(key.Span, value.Span, _time.GetUtcNow());
            }
        }

        if (!isValid)
        {
            throw new P2PException(P2PError.Malformed, "The value breaks the rules of its namespace, or the namespace has none here.");
        }

        var closest = await FindClosestAsync(key, cancellationToken);
        var taken = await PutToAsync(closest, key, value, cancellationToken);
        return taken > 0 ? taken : throw new P2PException(P2PError.LimitReached, $"None of the {closest.Count} nearest peers took the value.");
    }

    /// <summary>Finds the best value of a key, and brings it to those near it that have an older one or none.</summary>
    /// <returns>Null if nobody has a valid one.</returns>
    public async Task<byte[]?> GetValueAsync(ReadOnlyMemory<byte> key, CancellationToken cancellationToken)
    {
        var best = Local(key);
        var has = new Dictionary<PeerId, byte[]>();
        var closest = await _walk.RunAsync(
            new KadMessage { Type = KadMessageType.GetValue, Key = key },
            (peer, answer) =>
            {
                if (answer.Record is not { } record || !record.Key.Span.SequenceEqual(key.Span))
                {
                    return false;
                }

                lock (_server.Gate)
                {
                    if (_server.Records.IsValid(key.Span, record.Value.Span, _time.GetUtcNow()))
                    {
                        has[peer] = record.Value.ToArray();
                        best = best is null || _server.Records.IsBetter(key.Span, record.Value.Span, best) ? has[peer] : best;
                    }
                }

                return false;
            },
            cancellationToken);
        if (best is { } found)
        {
            await PutToAsync([.. closest.Where(peer => !has.TryGetValue(peer, out var value) || !value.AsSpan().SequenceEqual(found))], key, found, cancellationToken);
        }

        return best;
    }

    /// <summary>Says that this node provides a key, now and again until <see cref="StopProviding"/>.</summary>
    /// <param name="key">A multihash.</param>
    /// <param name="cancellationToken">Safe: it is said again later.</param>
    /// <returns>How many peers were told now; none while nobody is in the table. After <see cref="Start"/> it is tried again by itself.</returns>
    /// <exception cref="P2PException"><see cref="P2PError.Malformed"/>: no multihash; <see cref="P2PError.LimitReached"/>: too many keys.</exception>
    public async Task<int> ProvideAsync(ReadOnlyMemory<byte> key, CancellationToken cancellationToken)
    {
        RequireMultihash(key);
        if (Mode == KademliaMode.Server)
        {
            lock (_server.Gate)
            {
                _server.Providers.Add(key.Span, _host.Id, _host.Addresses, null, _time.GetUtcNow());
            }
        }

        return await _announcer.AddAsync(key, cancellationToken);
    }

    /// <summary>Does not announce a key again: it is forgotten within <see cref="KadStoreOptions.ProviderAge"/>.</summary>
    public void StopProviding(ReadOnlyMemory<byte> key)
    {
        _announcer.Remove(key.Span);
        lock (_server.Gate)
        {
            _server.Providers.Remove(key.Span, _host.Id);
        }
    }

    /// <summary>Finds who provides a key. Addresses are hints; the host's store has them afterwards.</summary>
    /// <param name="key">A multihash.</param>
    /// <param name="count">Enough of them: the search ends.</param>
    /// <param name="cancellationToken">Safe.</param>
    /// <exception cref="P2PException"><see cref="P2PError.Malformed"/>: no multihash.</exception>
    public async Task<IReadOnlyList<KadPeer>> FindProvidersAsync(ReadOnlyMemory<byte> key, int count, CancellationToken cancellationToken)
    {
        RequireMultihash(key);
        var found = new Dictionary<PeerId, KadPeer>();
        lock (_server.Gate)
        {
            foreach (var peer in _server.Providers.Get(key.Span, count, _time.GetUtcNow()))
            {
                found[peer.Id] = peer;
            }
        }

        if (found.Count < count)
        {
            await _walk.RunAsync(
                new KadMessage { Type = KadMessageType.GetProviders, Key = key },
                (_, answer) =>
                {
                    foreach (var peer in answer.ProviderPeers)
                    {
                        if (found.TryGetValue(peer.Id, out var known))
                        {
                            found[peer.Id] = peer with { Addresses = [.. known.Addresses.Concat(peer.Addresses).Distinct().Take(KadLimits.MaxAddresses)] };
                        }
                        else if (found.Count < count)
                        {
                            found.Add(peer.Id, peer);
                        }
                    }

                    return found.Count >= count;
                },
                cancellationToken);
        }

        foreach (var peer in found.Values)
        {
            _host.Peers.AddHints(peer.Id, peer.Addresses);
        }

        return [.. found.Values];
    }

    /// <summary>Stops; the host goes on.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        SetMode(KademliaMode.Client);
        lock (_gate)
        {
            // Too late to start.
            _isStarted = true;
        }

        await _stopping.CancelAsync();
        await _newcomers.DisposeAsync();
        await _refresh;
        await _announcing;
        _table.Emptied -= OnEmptied;
        _host.ConnectionClosed -= OnClosed;
        _stopping.Dispose();
    }

    private static void RequireMultihash(ReadOnlyMemory<byte> key)
    {
        if (!KadServer.IsProviderKey(key.Span))
        {
            throw new P2PException(P2PError.Malformed, $"What is provided is named by a multihash of at most {KadLimits.MaxProviderKey} bytes.");
        }
    }

    private byte[]? Local(ReadOnlyMemory<byte> key)
    {
        lock (_server.Gate)
        {
            return _server.Records.Get(key.Span, _time.GetUtcNow())?.Value.ToArray();
        }
    }

    private async Task<int> PutToAsync(IReadOnlyList<PeerId> peers, ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value, CancellationToken cancellationToken)
    {
        var request = new KadMessage { Type = KadMessageType.PutValue, Key = key, Record = new KadRecord(key, value, KadRecordStore.Text(_time.GetUtcNow())) };
        return await CountAsync(peers, async peer =>
        {
            var answer = await _client.AskAsync(peer, request, cancellationToken);
            return answer.Message.Record is { } record && record.Value.Span.SequenceEqual(value.Span);
        });
    }

    private static async Task<int> CountAsync(IReadOnlyList<PeerId> peers, Func<PeerId, Task<bool>> ask)
    {
        var answers = await Task.WhenAll(peers.Select(async peer =>
        {
            try
            {
                return await ask(peer);
            }
            catch (Exception fault) when (fault is P2PException or IOException)
            {
                return false;
            }
        }));
        return answers.Count(taken => taken);
    }

    private async Task RefreshAsync(IReadOnlyList<Multiaddr> seeds)
    {
        await Task.Yield();
        var retry = FirstRetry;
        var refreshDue = DateTimeOffset.MinValue;
        try
        {
            while (true)
            {
                if (_table.Count == 0)
                {
                    await GreetAsync(seeds);
                    if (_table.Count > 0)
                    {
                        // Whoever is back may have forgotten what we provide.
                        refreshDue = DateTimeOffset.MinValue;
                        _announcer.Hurry();
                    }
                }

                if (_table.Count > 0 && _time.GetUtcNow() >= refreshDue)
                {
                    refreshDue = _time.GetUtcNow() + _options.RefreshInterval;
                    await RefreshBucketsAsync();
                }

                // While alone, ever more slowly; then when it is due, or at once when the last peer is lost.
                if (_table.Count > 0)
                {
                    retry = FirstRetry;
                    await WaitUntilAloneAsync(refreshDue - _time.GetUtcNow());
                }
                else
                {
                    await Task.Delay(retry, _time, _stopping.Token);
                    retry = TimeSpan.FromTicks(Math.Min(LastRetry.Ticks, 2 * retry.Ticks));
                }
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // Disposed.
        }
    }

    private async Task AnnounceAsync()
    {
        await Task.Yield();
        try
        {
            await _announcer.RunAsync(_stopping.Token);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // Disposed.
        }
    }

    // The last peer of the table hung up: somebody else is sought at once, not when the next refresh is due.
    private void OnClosed(object? sender, P2PConnectionEventArgs e)
    {
        if (_table.Peers is [var last] && last == e.Connection.Peer && _host.ConnectionsWith(last).Count == 0)
        {
            _table.Remove(last);
        }
    }

    private void OnEmptied()
    {
        lock (_gate)
        {
            _alone.TrySetResult();
        }
    }

    private async Task WaitUntilAloneAsync(TimeSpan most)
    {
        Task alone;
        lock (_gate)
        {
            if (_alone.Task.IsCompleted)
            {
                _alone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            alone = _alone.Task;
        }

        // Emptied between the look at the table and here: the wait is not worth it.
        if (most <= TimeSpan.Zero || _table.Count == 0)
        {
            return;
        }

        try
        {
            await alone.WaitAsync(most, _time, _stopping.Token);
        }
        catch (TimeoutException)
        {
            // It is time to refresh.
        }
    }

    private async Task GreetAsync(IReadOnlyList<Multiaddr> seeds) => await Task.WhenAll(seeds.Select(async seed =>
    {
        try
        {
            var connection = await _host.ConnectAsync(seed, _stopping.Token);
            var answer = await _client.AskAsync(connection.Peer, new KadMessage { Type = KadMessageType.FindNode, Key = _host.Id.Bytes }, _stopping.Token);
            _table.OnAnswer(answer.Connection);
        }
        catch (Exception fault) when (fault is P2PException or IOException or ObjectDisposedException || (fault is OperationCanceledException && !_stopping.IsCancellationRequested))
        {
            // It is tried again, or another one answers.
        }
    }));

    private async Task RefreshBucketsAsync()
    {
        await FindClosestAsync(_host.Id.Bytes, _stopping.Token);
        var deepest = Math.Min(_table.DeepestBucket, MaxRefreshedBuckets);
        for (var bucket = 0; bucket <= deepest; bucket++)
        {
            await FindClosestAsync(RandomKeyIn(bucket), _stopping.Token);
        }

        lock (_server.Gate)
        {
            _server.Providers.Sweep(_time.GetUtcNow());
        }
    }

    // The table's point is the hash of the key that is asked for, so a key is drawn until its point lies in the bucket: 2^12 draws at the most, on average.
    private byte[] RandomKeyIn(int bucket)
    {
        var self = KadKey.Of(_host.Id);
        while (true)
        {
            var key = RandomNumberGenerator.GetBytes(32);
            if (self.CommonPrefix(KadKey.Of(key)) == bucket)
            {
                return key;
            }
        }
    }
}
