using Skein.P2P.Identity;

namespace Skein.P2P.Kademlia;

/// <summary>The peers we know, dense near us and thin far away (Maymounkov and Mazieres 2002). Pure: no clock, no network.</summary>
/// <remarks>Not thread-safe: the DHT's own loop holds it.</remarks>
public sealed class RoutingTable
{
    private readonly KadKey _self;
    private readonly RoutingTableOptions _options;
    // Bucket i holds peers that share exactly i leading bits with us; the least recently seen comes first.
    private readonly List<RoutingTableEntry>[] _buckets = [.. Enumerable.Range(0, KadKey.Bits).Select(_ => new List<RoutingTableEntry>())];

    /// <summary>Makes an empty table.</summary>
    /// <param name="self">Our own id.</param>
    /// <param name="options">Sizes.</param>
    public RoutingTable(PeerId self, RoutingTableOptions options)
    {
        _self = KadKey.Of(self);
        _options = options;
    }

    /// <summary>Peers in the table.</summary>
    public int Count { get; private set; }

    /// <summary>Everybody, nearest bucket last.</summary>
    public IEnumerable<RoutingTableEntry> Entries => _buckets.SelectMany(bucket => bucket);

    /// <summary>The highest number of leading bits that any peer shares with us; -1 when empty. Buckets beyond need no refresh.</summary>
    public int DeepestBucket => Array.FindLastIndex(_buckets, bucket => bucket.Count > 0);

    /// <summary>Offers a peer that serves the protocol and just answered us.</summary>
    public RoutingTableAnswer Offer(RoutingTableEntry entry)
    {
        var index = _self.CommonPrefix(entry.Key);
        if (index == KadKey.Bits)
        {
            return new(RoutingTableOutcome.Self);
        }

        var bucket = _buckets[index];
        var at = bucket.FindIndex(known => known.Id == entry.Id);
        if (at >= 0)
        {
            // Its neighbourhood stays what it was when it was let in: moving must not get round the limit.
            var known = bucket[at];
            bucket.RemoveAt(at);
            bucket.Add(entry with { Group = known.Group });
            return new(RoutingTableOutcome.Refreshed);
        }

        if (entry.Group is { } group && (bucket.Count(peer => peer.Group == group) >= _options.MaxPerGroupAndBucket || Entries.Count(peer => peer.Group == group) >= _options.MaxPerGroup))
        {
            return new(RoutingTableOutcome.GroupFull);
        }

        if (bucket.Count < _options.BucketSize)
        {
            bucket.Add(entry);
            Count++;
            return new(RoutingTableOutcome.Added);
        }

        var oldest = bucket[0];
        return entry.LastSeen - oldest.LastSeen >= _options.StaleAfter ? new(RoutingTableOutcome.AskFirst, oldest.Id) : new(RoutingTableOutcome.BucketFull);
    }

    /// <summary>Forgets a peer that did not answer, or no longer serves the protocol.</summary>
    /// <returns>Whether it was there.</returns>
    public bool Remove(PeerId id)
    {
        var index = _self.CommonPrefix(KadKey.Of(id));
        if (index == KadKey.Bits || _buckets[index].RemoveAll(peer => peer.Id == id) == 0)
        {
            return false;
        }

        Count--;
        return true;
    }

    /// <summary>The peers nearest to a point, nearest first.</summary>
    /// <param name="target">The point.</param>
    /// <param name="count">How many at most.</param>
    public IReadOnlyList<RoutingTableEntry> Nearest(KadKey target, int count)
        => [.. Entries.OrderBy(peer => peer.Key, Comparer<KadKey>.Create(target.CompareDistance)).Take(count)];
}
