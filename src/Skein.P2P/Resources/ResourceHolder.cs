namespace Skein.P2P.Resources;

/// <summary>Whom streams and unread bytes are counted for: the host, one peer, or one neighbourhood. Thread-safe but for <see cref="Connections"/>.</summary>
internal sealed class ResourceHolder(int maxStreams, long maxUnreadBytes)
{
    public ResourceUse Streams { get; } = new(maxStreams);

    public ResourceUse UnreadBytes { get; } = new(maxUnreadBytes);

    // Connections that count here; guarded by the budget's lock.
    public int Connections { get; set; }
}
