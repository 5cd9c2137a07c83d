using Skein.Core.Identity;
using Skein.P2P.Addressing;
using Skein.P2P.Identity;

namespace Skein.P2P.Kademlia;

/// <summary>Who provides which key. Pure: no network. Not thread-safe.</summary>
public sealed class KadProviderStore(KadStoreOptions options)
{
    private readonly Dictionary<Sha256Digest, Dictionary<PeerId, Entry>> _keys = [];
    private readonly Dictionary<PeerId, int> _keysOf = [];

    /// <summary>Keys that somebody provides.</summary>
    public int Count => _keys.Count;

    /// <summary>Remembers a provider, or that it still provides.</summary>
    /// <returns>False if a limit is reached.</returns>
    public bool Add(ReadOnlySpan<byte> key, PeerId provider, IReadOnlyList<Multiaddr> addresses, DateTimeOffset now)
    {
        var point = Sha256Digest.Compute(key);
        var entry = new Entry([.. addresses.Take(KadLimits.MaxAddresses)], now);
        if (_keys.TryGetValue(point, out var providers) && providers.ContainsKey(provider))
        {
            providers[provider] = entry;
            return true;
        }

        if (IsFull(point, provider))
        {
            Sweep(now);
            if (IsFull(point, provider))
            {
                return false;
            }

            providers = _keys.GetValueOrDefault(point);
        }

        if (providers is null)
        {
            _keys.Add(point, providers = []);
        }

        providers.Add(provider, entry);
        _keysOf[provider] = _keysOf.GetValueOrDefault(provider) + 1;
        return true;
    }

    /// <summary>Who provides a key, newest word first.</summary>
    public IReadOnlyList<KadPeer> Get(ReadOnlySpan<byte> key, int count, DateTimeOffset now)
        => _keys.TryGetValue(Sha256Digest.Compute(key), out var providers)
            ? [.. providers.Where(entry => !IsOld(entry.Value, now)).OrderByDescending(entry => entry.Value.At).Take(count).Select(entry => new KadPeer(entry.Key, entry.Value.Addresses))]
            : [];

    /// <summary>Forgets who has not said it again.</summary>
    public void Sweep(DateTimeOffset now)
    {
        foreach (var (point, providers) in _keys.ToList())
        {
            foreach (var (id, _) in providers.Where(entry => IsOld(entry.Value, now)).ToList())
            {
                providers.Remove(id);
                if (--_keysOf[id] == 0)
                {
                    _keysOf.Remove(id);
                }
            }

            if (providers.Count == 0)
            {
                _keys.Remove(point);
            }
        }
    }

    private bool IsFull(Sha256Digest point, PeerId provider)
        => _keysOf.GetValueOrDefault(provider) >= options.MaxKeysPerProvider
            || (_keys.TryGetValue(point, out var providers) ? providers.Count >= options.MaxProvidersPerKey : _keys.Count >= options.MaxProviderKeys);

    private bool IsOld(Entry entry, DateTimeOffset now) => now - entry.At >= options.ProviderAge;

    private sealed record Entry(IReadOnlyList<Multiaddr> Addresses, DateTimeOffset At);
}
