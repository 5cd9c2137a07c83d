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
    // Anchors that are told and asked besides the peers nearest to a key.
    private const int MaxAnchors = 8;

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
    private readonly KadUpkeep _upkeep;
    private readonly Lock _gate = new();
    private Task _running = Task.CompletedTask;
    private IReadOnlyList<PeerId> _anchors = [];
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
        _server = new KadServer(host, options, _table, time);
        _client = new KadClient(host, options, time);
        _walk = new KadWalk(host, _client, _table, options, time);
        _newcomers = new KadNewcomers(host, _client, _table, options.Protocol);
        _announcer = new KadAnnouncer(host, _client, FindKeepersAsync, options, time);
        _upkeep = new KadUpkeep(host, _client, _table, _walk, _announcer, options, time);
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
                _anchors = [.. seeds.Select(seed => seed.PeerId).OfType<PeerId>().Distinct().Take(MaxAnchors)];
                _running = KeepUpAsync(seeds);
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
            var request = new KadMessage { Type = KadMessageType.GetProviders, Key = key };
            var anchors = AskAnchorsAsync(request, cancellationToken);
            await _walk.RunAsync(
                request,
                (_, answer) =>
                {
                    Add(answer);
                    return found.Count >= count;
                },
                cancellationToken);
            foreach (var answer in await anchors)
            {
                Add(answer);
            }
        }

        foreach (var peer in found.Values)
        {
            _host.Peers.AddHints(peer.Id, peer.Addresses);
        }

        return [.. found.Values];

        void Add(KadMessage answer)
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
        }
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
        await _running;
        _upkeep.Dispose();
        _stopping.Dispose();
    }

    // Whoever makes himself twenty identities near a key could hide its providers: he cannot be the anchors, too. Only those at the other end of a connection: no waiting for dead ones.
    private IEnumerable<PeerId> LiveAnchors() => _anchors.Where(anchor => anchor != _host.Id && _host.ConnectionsWith(anchor).Count > 0);

    private async Task<IReadOnlyList<PeerId>> FindKeepersAsync(ReadOnlyMemory<byte> key, CancellationToken cancellationToken)
        => [.. (await FindClosestAsync(key, cancellationToken)).Concat(LiveAnchors()).Distinct()];

    private async Task<IReadOnlyList<KadMessage>> AskAnchorsAsync(KadMessage request, CancellationToken cancellationToken)
    {
        var answers = await Task.WhenAll(LiveAnchors().Select(async anchor =>
        {
            try
            {
                return (await _client.AskAsync(anchor, request, cancellationToken)).Message;
            }
            catch (Exception fault) when (fault is P2PException or OperationCanceledException)
            {
                // The walk goes on without it; who cancelled hears of it there.
                return null;
            }
        }));
        return [.. answers.OfType<KadMessage>()];
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

    private async Task KeepUpAsync(IReadOnlyList<Multiaddr> seeds)
    {
        await Task.Yield();
        try
        {
            await Task.WhenAll(_upkeep.RunAsync(seeds, _stopping.Token), _announcer.RunAsync(_stopping.Token));
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // Disposed.
        }
    }
}
