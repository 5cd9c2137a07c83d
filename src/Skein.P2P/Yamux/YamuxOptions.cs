namespace Skein.P2P.Yamux;

/// <summary>Limits and times of one Yamux session. Immutable.</summary>
public sealed record YamuxOptions
{
    /// <summary>Bytes that either side may send on a new stream before it is granted more: fixed by the protocol.</summary>
    public const int InitialWindow = 256 * 1024;

    /// <summary>Window of a bulk stream from its start: a 20 ms path at 400 Mbit/s holds 1 MB.</summary>
    public int BulkWindow { get; init; } = 1024 * 1024;

    /// <summary>Largest window that tuning grows a stream to: go-libp2p's limit.</summary>
    public int MaxWindow { get; init; } = 16 * 1024 * 1024;

    /// <summary>Bytes received and not yet read, over all streams of the session; the stream that passes it is reset. Bounds what one peer makes us hold.</summary>
    public long MaxBuffered { get; init; } = 64 * 1024 * 1024;

    /// <summary>Streams that the other side may have open, with those that are gone but whose last frame it has not read; further ones are reset at once.</summary>
    public int MaxInboundStreams { get; init; } = 512;

    /// <summary>Streams that we may have open.</summary>
    public int MaxOutboundStreams { get; init; } = 1000;

    /// <summary>Streams opened here that the other side has not acknowledged: the backlog that the specification suggests. Opening more waits.</summary>
    public int AckBacklog { get; init; } = 256;

    /// <summary>Answers that wait to be sent (to pings and refused streams); a peer that asks more without reading breaks the protocol.</summary>
    public int MaxQueuedControl { get; init; } = 1024;

    /// <summary>Largest data frame of a bulk stream: what a decode frame may have to wait for, 6.5 ms at 20 Mbit/s.</summary>
    public int MaxBulkFrame { get; init; } = 16 * 1024;

    /// <summary>Whether bulk is kept below the line's rate while decode messages are about. Off only to measure what it is worth.</summary>
    public bool PaceBulk { get; init; } = true;

    /// <summary>How often the other side is pinged: keeps NATs open and measures the round trip.</summary>
    public TimeSpan PingInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an answer to a ping may take before the connection counts as dead.</summary>
    public TimeSpan PingTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a stream that was disposed after it was finished here waits for the other side to finish, before it is reset.</summary>
    public TimeSpan LingerTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a write may wait without a byte being taken before its stream is reset: the other side's reader stands still. Looked at with each ping.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long closing waits for queued frames to go out.</summary>
    public TimeSpan CloseTimeout { get; init; } = TimeSpan.FromSeconds(2);
}
