namespace Skein.P2P.Kademlia;

/// <summary>The rules of one namespace of records. Must be pure and thread-safe: it sees bytes of strangers.</summary>
public interface IRecordValidator
{
    /// <summary>Whether the value may stand under the key at this time.</summary>
    bool IsValid(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, DateTimeOffset now);

    /// <summary>Orders two valid values of one key: positive when <paramref name="left"/> is the better one, 0 when they are equally good.</summary>
    int Compare(ReadOnlySpan<byte> key, ReadOnlySpan<byte> left, ReadOnlySpan<byte> right);
}
