namespace Skein.P2P.Resources;

/// <summary>What one holder (a host, a peer, a neighbourhood) has of something, and the most it may have. Thread-safe.</summary>
internal sealed class ResourceUse(long most)
{
    private long _used;

    public long Used => Interlocked.Read(ref _used);

    /// <summary>Takes some; all or nothing.</summary>
    public bool TryTake(long count)
    {
        if (Interlocked.Add(ref _used, count) <= most)
        {
            return true;
        }

        Interlocked.Add(ref _used, -count);
        return false;
    }

    public void GiveBack(long count) => Interlocked.Add(ref _used, -count);
}
