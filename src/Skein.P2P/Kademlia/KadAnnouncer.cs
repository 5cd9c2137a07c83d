using Skein.P2P.Connections;
using Skein.P2P.Errors;
using Skein.P2P.Identity;

namespace Skein.P2P.Kademlia;

/// <summary>Says again and again that we provide our keys, and looks whether those who were told still know. Thread-safe.</summary>
internal sealed class KadAnnouncer
{
    /// <summary>Keys that this node provides at the most: one a model.</summary>
    public const int MaxKeys = 64;

    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);

    // One question to one of those who were told: a server that was started anew has forgotten us, and twenty minutes without us would be long.
    private static readonly TimeSpan CheckInterval = TimeSpan.FromMinutes(1);

    private readonly P2PHost _host;
    private readonly KadClient _client;
    private readonly Func<ReadOnlyMemory<byte>, CancellationToken, Task<IReadOnlyList<PeerId>>> _findKeepers;
    private readonly KademliaOptions _options;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Announced> _keys = new(StringComparer.Ordinal);
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public KadAnnouncer(P2PHost host, KadClient client, Func<ReadOnlyMemory<byte>, CancellationToken, Task<IReadOnlyList<PeerId>>> findKeepers, KademliaOptions options, TimeProvider time)
    {
        _host = host;
        _client = client;
        _findKeepers = findKeepers;
        _options = options;
        _time = time;
    }

    /// <summary>Takes a key in, and announces it now.</summary>
    /// <returns>How many were told.</returns>
    /// <exception cref="P2PException"><see cref="P2PError.LimitReached"/>: too many keys.</exception>
    public async Task<int> AddAsync(ReadOnlyMemory<byte> key, CancellationToken cancellationToken)
    {
        var name = Convert.ToHexString(key.Span);
        Announced? announced;
        lock (_gate)
        {
            if (!_keys.TryGetValue(name, out announced))
            {
                if (_keys.Count >= MaxKeys)
                {
                    throw new P2PException(P2PError.LimitReached, $"{MaxKeys} keys are provided already; stop providing one of them first.");
                }

                _keys.Add(name, announced = new Announced(key.ToArray()));
            }

            // The loop must not announce it at the same time.
            announced.Due = DateTimeOffset.MaxValue;
        }

        try
        {
            return await AnnounceAsync(announced, cancellationToken);
        }
        catch
        {
            Schedule(announced, []);
            throw;
        }
    }

    /// <summary>Takes a key out: others forget it by themselves.</summary>
    public void Remove(ReadOnlySpan<byte> key)
    {
        lock (_gate)
        {
            _keys.Remove(Convert.ToHexString(key));
        }
    }

    /// <summary>Announces every key now: whoever is back in the network may have forgotten us.</summary>
    public void Hurry()
    {
        lock (_gate)
        {
            foreach (var key in _keys.Values.Where(key => key.Due != DateTimeOffset.MaxValue))
            {
                key.Told = [];
                key.Due = DateTimeOffset.MinValue;
            }

            Wake();
        }
    }

    /// <summary>Announces and checks what is due, until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Announced? next;
            TimeSpan wait;
            Task changed;
            lock (_gate)
            {
                next = _keys.Values.MinBy(key => key.Due);
                var until = next is null ? DateTimeOffset.MaxValue : next.Due;
                var now = _time.GetUtcNow();
                wait = until <= now ? TimeSpan.Zero : until - now < CheckInterval ? until - now : CheckInterval;
                changed = _changed.Task;
            }

            if (wait > TimeSpan.Zero)
            {
                await WaitAsync(changed, wait, cancellationToken);
                continue;
            }

            try
            {
                if (next!.Told.Count == 0 || _time.GetUtcNow() - next.At >= _options.RepublishInterval || !await IsKnownAsync(next, cancellationToken))
                {
                    await AnnounceAsync(next, cancellationToken);
                }
            }
            catch (P2PException)
            {
                Schedule(next!, []);
            }
        }
    }

    private async Task WaitAsync(Task changed, TimeSpan wait, CancellationToken cancellationToken)
    {
        try
        {
            await changed.WaitAsync(wait, _time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // It is time.
        }
    }

    private async Task<int> AnnounceAsync(Announced key, CancellationToken cancellationToken)
    {
        var message = new KadMessage { Type = KadMessageType.AddProvider, Key = key.Key, ProviderPeers = [new KadPeer(_host.Id, [.. _host.Addresses.Take(DialHints.MaxAddresses)])] };
        var closest = await _findKeepers(key.Key, cancellationToken);
        var told = await Task.WhenAll(closest.Select(async peer =>
        {
            try
            {
                await _client.TellAsync(peer, message, cancellationToken);
                return peer;
            }
            catch (P2PException)
            {
                return null;
            }
        }));
        IReadOnlyList<PeerId> reached = [.. told.OfType<PeerId>()];
        Schedule(key, reached);
        return reached.Count;
    }

    private async Task<bool> IsKnownAsync(Announced key, CancellationToken cancellationToken)
    {
        var asked = key.Told[key.Checks++ % key.Told.Count];
        var answer = await _client.AskAsync(asked, new KadMessage { Type = KadMessageType.GetProviders, Key = key.Key }, cancellationToken);

        // An answer names some of many providers: only a short list that lacks us says something.
        var isKnown = answer.Message.ProviderPeers.Count >= KadServer.MaxProvidersPerAnswer / 2 || answer.Message.ProviderPeers.Any(peer => peer.Id == _host.Id);
        if (isKnown)
        {
            lock (_gate)
            {
                key.Due = Earlier(key.At + _options.RepublishInterval, _time.GetUtcNow() + CheckInterval);
            }
        }

        return isKnown;
    }

    private void Schedule(Announced key, IReadOnlyList<PeerId> told)
    {
        lock (_gate)
        {
            var now = _time.GetUtcNow();
            key.Told = told;
            key.At = now;
            if (told.Count > 0)
            {
                key.Retry = FirstRetry;
                key.Due = Earlier(now + _options.RepublishInterval, now + CheckInterval);
            }
            else
            {
                key.Due = now + key.Retry;
                key.Retry = key.Retry * 2 < CheckInterval ? key.Retry * 2 : CheckInterval;
            }

            Wake();
        }
    }

    // Under the lock.
    private void Wake()
    {
        _changed.TrySetResult();
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private static DateTimeOffset Earlier(DateTimeOffset left, DateTimeOffset right) => left < right ? left : right;

    private sealed class Announced(byte[] key)
    {
        public byte[] Key { get; } = key;

        public IReadOnlyList<PeerId> Told { get; set; } = [];

        public DateTimeOffset At { get; set; }

        public DateTimeOffset Due { get; set; }

        public TimeSpan Retry { get; set; } = FirstRetry;

        public int Checks { get; set; }
    }
}
