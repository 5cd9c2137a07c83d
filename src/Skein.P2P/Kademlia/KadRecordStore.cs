using System.Globalization;
using System.Text;
using Skein.Core.Identity;

namespace Skein.P2P.Kademlia;

/// <summary>Values kept under keys, by the rules of their namespaces. Pure: no network. Not thread-safe.</summary>
public sealed class KadRecordStore(IReadOnlyDictionary<string, IRecordValidator> validators, KadStoreOptions options)
{
    private readonly Dictionary<Sha256Digest, (KadRecord Record, DateTimeOffset Received)> _records = [];

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

        if (!_records.ContainsKey(point) && _records.Count >= options.MaxRecords)
        {
            foreach (var old in _records.Where(entry => IsOld(entry.Value.Received, now)).Select(entry => entry.Key).ToList())
            {
                _records.Remove(old);
            }

            if (_records.Count >= options.MaxRecords)
            {
                return false;
            }
        }

        // The time is ours: what the sender wrote there counts for nothing.
        _records[point] = (new KadRecord(key.ToArray(), value.ToArray(), now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)), now);
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

        _records.Remove(point);
        return null;
    }

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
