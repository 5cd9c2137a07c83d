using System.Net;
using Skein.Core.Identity;
using Skein.P2P.Addressing;
using Skein.P2P.Identity;

namespace Skein.P2P.Kademlia;

/// <summary>Who provides which key. Pure: no network. Bounded in every direction; for a newcomer nobody who is alive is dropped. Not thread-safe.</summary>
/// <param name="options">Its limits.</param>
/// <param name="chance">Chooses among more providers than were asked for, so that none is ahead by being loud.</param>
public sealed class KadProviderStore(KadStoreOptions options, Random chance)
{
    // A full store is looked through for old entries no more often: each look reads all of it.
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(10);

    private readonly Dictionary<Sha256Digest, Dictionary<PeerId, Entry>> _keys = [];
    private readonly Dictionary<PeerId, int> _keysOf = [];
    private readonly Dictionary<string, int> _ofGroup = new(StringComparer.Ordinal);
    private int _providers;
    private DateTimeOffset _nextSweep;

    /// <summary>Keys that somebody provides.</summary>
    public int Count => _keys.Count;

    /// <summary>Remembers a provider, or that it still provides.</summary>
    /// <param name="key">What.</param>
    /// <param name="provider">Who.</param>
    /// <param name="addresses">Where it says that it is.</param>
    /// <param name="from">Where it really is; null on this machine.</param>
    /// <param name="now">The time.</param>
    /// <returns>False if a limit is reached.</returns>
    public bool Add(ReadOnlySpan<byte> key, PeerId provider, IReadOnlyList<Multiaddr> addresses, IPAddress? from, DateTimeOffset now)
    {
        var point = Sha256Digest.Compute(key);
        var entry = new Entry([.. addresses.Take(DialHints.MaxAddresses)], from is null ? null : IpGroup.Of(from), now);
        if (_keys.TryGetValue(point, out var providers) && providers.TryGetValue(provider, out var before))
        {
            // It counts where it was first seen: who moves loses no place that it has.
            providers[provider] = entry with { Group = before.Group };
            return true;
        }

        if (IsFull(point, provider, entry.Group))
        {
            if (now >= _nextSweep)
            {
                _nextSweep = now + SweepInterval;
                Sweep(now);
            }

            if (IsFull(point, provider, entry.Group))
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
        _providers++;
        if (entry.Group is { } group)
        {
            _ofGroup[group] = _ofGroup.GetValueOrDefault(group) + 1;
        }

        return true;
    }

    /// <summary>Who provides a key: all, or as many as asked for, chosen at random.</summary>
    public IReadOnlyList<KadPeer> Get(ReadOnlySpan<byte> key, int count, DateTimeOffset now)
    {
        if (!_keys.TryGetValue(Sha256Digest.Compute(key), out var providers))
        {
            return [];
        }

        var all = providers.Where(entry => !IsOld(entry.Value, now)).Select(entry => new KadPeer(entry.Key, entry.Value.Addresses)).ToArray();
        if (all.Length > count)
        {
            chance.Shuffle(all);
        }

        return [.. all.Take(count)];
    }

    /// <summary>Forgets who has not said it again.</summary>
    public void Sweep(DateTimeOffset now)
    {
        foreach (var (point, providers) in _keys.ToList())
        {
            foreach (var (id, _) in providers.Where(entry => IsOld(entry.Value, now)).ToList())
            {
                Drop(point, providers, id);
            }
        }
    }

    /// <summary>Forgets a provider of a key.</summary>
    public void Remove(ReadOnlySpan<byte> key, PeerId provider)
    {
        var point = Sha256Digest.Compute(key);
        if (_keys.TryGetValue(point, out var providers) && providers.ContainsKey(provider))
        {
            Drop(point, providers, provider);
        }
    }

    private void Drop(Sha256Digest point, Dictionary<PeerId, Entry> providers, PeerId id)
    {
        providers.Remove(id, out var removed);
        _providers--;
        if (removed!.Group is { } group && --_ofGroup[group] == 0)
        {
            _ofGroup.Remove(group);
        }

        if (--_keysOf[id] == 0)
        {
            _keysOf.Remove(id);
        }

        if (providers.Count == 0)
        {
            _keys.Remove(point);
        }
    }

    private bool IsFull(Sha256Digest point, PeerId provider, string? group)
        => _providers >= options.MaxProviders
            || _keysOf.GetValueOrDefault(provider) >= options.MaxKeysPerProvider
            || (group is not null && _ofGroup.GetValueOrDefault(group) >= options.MaxProvidersPerGroup)
            || (_keys.TryGetValue(point, out var providers)
                ? providers.Count >= options.MaxProvidersPerKey || (group is not null && providers.Values.Count(entry => entry.Group == group) >= options.MaxProvidersPerGroupAndKey)
                : _keys.Count >= options.MaxProviderKeys);

    private bool IsOld(Entry entry, DateTimeOffset now) => now - entry.At >= options.ProviderAge;

    private sealed record Entry(IReadOnlyList<Multiaddr> Addresses, string? Group, DateTimeOffset At);
}
