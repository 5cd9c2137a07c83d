namespace Skein.P2P.Resources;

/// <summary>What one connection has taken of its host's budget, its peer's and its neighbourhood's. Not thread-safe: the session's lock guards it.</summary>
/// <remarks>What is not given back when it is disposed is given back then; what comes back later is ignored. So a stream that somebody keeps after its connection's end does not stay counted.</remarks>
internal sealed class ResourceShare(ResourceHolder[] holders, Action onDisposed) : IDisposable
{
    private long _unreadBytes;
    private long _streams;
    private bool _disposed;

    /// <summary>Takes room for bytes that nobody has read yet.</summary>
    public bool TryTakeBytes(int count)
    {
        for (var i = 0; i < holders.Length; i++)
        {
            if (_disposed || !holders[i].UnreadBytes.TryTake(count))
            {
                GiveBackBytes(i, count);
                return false;
            }
        }

        _unreadBytes += count;
        return true;
    }

    public void GiveBackBytes(int count)
    {
        if (!_disposed)
        {
            _unreadBytes -= count;
            GiveBackBytes(holders.Length, count);
        }
    }

    /// <summary>Takes the place of a stream that the other side opens.</summary>
    public bool TryTakeStream()
    {
        for (var i = 0; i < holders.Length; i++)
        {
            if (_disposed || !holders[i].Streams.TryTake(1))
            {
                GiveBackStreams(i, 1);
                return false;
            }
        }

        _streams++;
        return true;
    }

    public void GiveBackStream()
    {
        if (!_disposed)
        {
            _streams--;
            GiveBackStreams(holders.Length, 1);
        }
    }

    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            GiveBackBytes(holders.Length, _unreadBytes);
            GiveBackStreams(holders.Length, _streams);
            onDisposed();
        }
    }

    private void GiveBackBytes(int first, long count)
    {
        foreach (var holder in holders.AsSpan(0, first))
        {
            holder.UnreadBytes.GiveBack(count);
        }
    }

    private void GiveBackStreams(int first, long count)
    {
        foreach (var holder in holders.AsSpan(0, first))
        {
            holder.Streams.GiveBack(count);
        }
    }
}
