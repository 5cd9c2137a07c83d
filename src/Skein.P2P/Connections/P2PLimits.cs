namespace Skein.P2P.Connections;

/// <summary>What a host allows, each with its reason. Immutable.</summary>
public sealed record P2PLimits
{
    /// <summary>Connections in all: 192 KiB of buffers and two loops each.</summary>
    public int MaxConnections { get; init; } = 256;

    /// <summary>Connections with one peer: one for what is urgent, one for bulk, and as many while both sides dial at once.</summary>
    public int MaxConnectionsPerPeer { get; init; } = 4;

    /// <summary>Inbound connections from one neighbourhood of addresses (/24, /48), so that no single place fills the table. Loopback counts as none.</summary>
    public int MaxConnectionsPerIpGroup { get; init; } = 32;

    /// <summary>Inbound handshakes under way: each costs 0.4 ms of signatures and curves before we know who it is.</summary>
    public int MaxPendingHandshakes { get; init; } = 32;

    /// <summary>The same from one neighbourhood.</summary>
    public int MaxPendingHandshakesPerIpGroup { get; init; } = 8;

    /// <summary>Streams that others have open here, over all connections: a few KB each while its handler runs. One connection may have <see cref="Yamux.YamuxOptions.MaxInboundStreams"/>.</summary>
    public int MaxInboundStreams { get; init; } = 16_384;

    /// <summary>The same of one peer, over all its connections.</summary>
    public int MaxInboundStreamsPerPeer { get; init; } = 1024;

    /// <summary>The same of one neighbourhood, so that eight are needed to take all. Loopback and peers behind a relay count as none.</summary>
    public int MaxInboundStreamsPerIpGroup { get; init; } = 2048;

    /// <summary>Bytes that were received and that nobody has read, over all connections: what a machine of 8 GB can spare. One connection may have <see cref="Yamux.YamuxOptions.MaxBuffered"/>.</summary>
    public long MaxUnreadBytes { get; init; } = 512 * 1024 * 1024;

    /// <summary>The same of one peer, over all its connections: four bulk streams with their largest windows.</summary>
    public long MaxUnreadBytesPerPeer { get; init; } = 64 * 1024 * 1024;

    /// <summary>The same of one neighbourhood, so that four are needed to take all.</summary>
    public long MaxUnreadBytesPerIpGroup { get; init; } = 128 * 1024 * 1024;

    /// <summary>Dials under way in all: a home router's table of half-open connections is small.</summary>
    public int MaxDials { get; init; } = 32;

    /// <summary>Addresses of one peer that are tried in one dial.</summary>
    public int MaxDialAddresses { get; init; } = 8;

    /// <summary>Time for one address, from the first packet to the finished handshake.</summary>
    public TimeSpan DialTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Time for an inbound handshake.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Time for agreeing on a stream's protocol, whoever opened it.</summary>
    public TimeSpan NegotiationTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Head start of each address over the next (RFC 8305).</summary>
    public TimeSpan DialStagger { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Head start of all direct addresses over relayed ones.</summary>
    public TimeSpan RelayDelay { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a connection without streams is kept, unless it is protected.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Peers that are remembered; the one not heard of for longest goes first.</summary>
    public int MaxKnownPeers { get; init; } = 4096;

    /// <summary>Addresses that are remembered of one peer.</summary>
    public int MaxAddressesPerPeer { get; init; } = 32;
}
