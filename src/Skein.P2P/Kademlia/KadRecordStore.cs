using System.Globalization;
using System.Text;
using Skein.Core.Identity;
using Skein.P2P.Identity;

namespace Skein.P2P.Kademlia;

/// <summary>Values kept under keys, by the rules of their namespaces. Pure: no network. Not thread-safe.</summary>
/// <param name="self">Whose store it is: when it is full, what lies nearest to this peer stays.</param>
/// <param name="validators">Rules by namespace.</param>
/// <param name="options">Its limits.</param>
public sealed class KadRecordStore(PeerId self, IReadOnlyDictionary<string, IRecordValidator> validators, KadStoreOptions options)
{
    private readonly KadKey _self = KadKey.Of(self);
    private readonly Dictionary<Sha256Digest, (KadRecord Record, DateTimeOffset Received)> _records = [];
    private long _bytes;

    /// <summary>Values kept.</summary>
    public int Count => _records.Count;

    /// <summary>Whether a record obeys its namespace's rules.</summary>
    public bool IsValid(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, DateTimeOffset now)
        => value.Length <= KadLimits.MaxValue && Find(key) is { } validator && validator.IsValid(key, value, now);

    /// <summary>Whether a value is better than another of the same key; both must be valid.</summary>
    public bool IsBetter(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ReadOnlySpan<byte> than)
        => Find(key) is { } validator && validator.Compare(key, value, than) > 0;

    /// <summary>Takes a value, unless it breaks the rules, a better one is there, or the store is full.</summary>
    /// <returns>Whether the store now holds this value.</returns>
    public bool Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, DateTimeOffset now)
    {
        if (!IsValid(key, value, now))
        {
            return false;
        }

        var point = Sha256Digest.Compute(key);
        if (_records.TryGetValue(point, out var known) && !IsOld(known.Received, now) && IsValid(key, known.Record.Value.Span, now) && IsBetter(key, known.Record.Value.Span, value))
        {
            return false;
        }

        var size = key.Length + value.Length;
        if (!TryMakeRoom(point, size, now))
        {
            return false;
        }

        Remove(point);
        _bytes += size;

        // The time is ours: what the sender wrote there counts for nothing.
        _records[point] = (new KadRecord(key.ToArray(), value.ToArray(), Text(now)), now);
        return true;
    }

    /// <summary>The value of a key; null if there is none that is still valid.</summary>
    public KadRecord? Get(ReadOnlySpan<byte> key, DateTimeOffset now)
    {
        var point = Sha256Digest.Compute(key);
        if (!_records.TryGetValue(point, out var known))
        {
            return null;
        }

        if (!IsOld(known.Received, now) && IsValid(key, known.Record.Value.Span, now))
        {
            return known.Record;
        }

        Remove(point);
        return null;
    }

    // What is old goes first, then what is farthest, as long as it is farther than the newcomer. False, and nothing has gone, if that is not enough.
    private bool TryMakeRoom(Sha256Digest newcomer, int size, DateTimeOffset now)
    {
        // What it replaces goes in any case.
        var (replaced, freed) = _records.TryGetValue(newcomer, out var known) ? (1, Size(known.Record)) : (0, 0);
        var (records, bytes) = (_records.Count - replaced + 1, _bytes - freed + size);
        if (records <= options.MaxRecords && bytes <= options.MaxRecordBytes)
        {
            return true;
        }

        var going = new List<Sha256Digest>();
        foreach (var (point, (record, received)) in _records.Where(entry => entry.Key != newcomer)
            .OrderByDescending(entry => IsOld(entry.Value.Received, now))
            .ThenByDescending(entry => new KadKey(entry.Key), Comparer<KadKey>.Create(_self.CompareDistance)))
        {
            if (!IsOld(received, now) && _self.CompareDistance(new KadKey(newcomer), new KadKey(point)) >= 0)
            {
                return false;
            }

            going.Add(point);
            (records, bytes) = (records - 1, bytes - Size(record));
            if (records <= options.MaxRecords && bytes <= options.MaxRecordBytes)
            {
                going.ForEach(Remove);
                return true;
            }
        }

        return false;
    }

    private static int Size(KadRecord record) => record.Key.Length + record.Value.Length;

    private void Remove(Sha256Digest point)
    {
        if (_records.Remove(point, out var removed))
        {
            _bytes -= Size(removed.Record);
        }
    }

    /// <summary>A time as records carry it: RFC 3339.</summary>
    internal static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private bool IsOld(DateTimeOffset received, DateTimeOffset now) => now - received >= options.RecordAge;

    // "/namespace/rest": the form that go and js expect too.
    private IRecordValidator? Find(ReadOnlySpan<byte> key)
    {
        if (key.Length is < 4 or > KadLimits.MaxKey || key[0] != '/' || key[1..].IndexOf((byte)'/') is var end && end <= 0)
        {
            return null;
        }

        return validators.GetValueOrDefault(Encoding.UTF8.GetString(key.Slice(1, end)));
    }
}
