using Skein.P2P.Identity;

namespace Skein.P2P.Identify;

/// <summary>How often each peer's news is looked at: a token bucket a peer, which outlives its connections. Thread-safe.</summary>
/// <remarks>News that comes too soon waits, with its stream, and is not lost; the protocol's streams are few, so a flood of news is refused by their limit.</remarks>
internal sealed class PushRate(TimeProvider time)
{
    /// <summary>News at once: a node that starts tells of its address, its mapped port, its relays and its roles within seconds.</summary>
    public const int Burst = 10;

    /// <summary>Peers that are remembered: more than a host meets within the 50 s after which a bucket is full again. Beyond, nobody new is listened to before one is forgotten.</summary>
    public const int MaxPeers = 4096;

    /// <summary>Time for one more: each costs a signature's check and wakes whoever listens for news.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly Dictionary<PeerId, (double Tokens, long At)> _buckets = [];

    /// <summary>Takes one; the taker waits off the debt.</summary>
    /// <returns>How long to wait; null to refuse.</returns>
    public TimeSpan? Take(PeerId peer)
    {
        lock (_gate)
        {
            var now = time.GetTimestamp();
            if (!_buckets.TryGetValue(peer, out var bucket))
            {
                if (_buckets.Count >= MaxPeers)
                {
                    Forget(now);
                    if (_buckets.Count >= MaxPeers)
                    {
                        return null;
                    }
                }

                bucket = (Burst, now);
            }

            var tokens = Math.Min(Burst, bucket.Tokens + (time.GetElapsedTime(bucket.At, now) / Interval)) - 1;
            _buckets[peer] = (tokens, now);
            return tokens >= 0 ? TimeSpan.Zero : -tokens * Interval;
        }
    }

    // Under the lock. A full bucket is as good as a new one.
    private void Forget(long now)
    {
        foreach (var peer in _buckets.Where(bucket => bucket.Value.Tokens + (time.GetElapsedTime(bucket.Value.At, now) / Interval) >= Burst).Select(bucket => bucket.Key).ToList())
        {
            _buckets.Remove(peer);
        }
    }
}
