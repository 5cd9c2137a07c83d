namespace Skein.P2P.HolePunching;

/// <summary>How direct ways are looked for. Immutable.</summary>
public sealed record HolePunchOptions
{
    /// <summary>Tries before the relay is kept: the specification's.</summary>
    public int MaxTries { get; init; } = 3;

    /// <summary>Time for the calls of one try. A call that crosses a closed door is repeated by TCP after one second.</summary>
    public TimeSpan DialTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Time for the plain call that precedes the tries, where the peer has a public address.</summary>
    public TimeSpan ReversalTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long to wait for the peer's and our own addresses to become known, before the first try.</summary>
    public TimeSpan AddressTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Time for each message of the other side.</summary>
    public TimeSpan MessageTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Addresses of a peer that are called in one try: a peer must not make us call half the world.</summary>
    public int MaxAddresses { get; init; } = 4;

    /// <summary>Peers that are called at once: a home router's table of half-open connections is small.</summary>
    public int MaxPeers { get; init; } = 8;

    /// <summary>After a search that found no direct way, how long the same peer is not searched for again: whoever asks anew at once hits the same routers.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Addresses that are called a second, of all peers together: a node must not be an engine for knocking at strangers' doors.</summary>
    public int CallsPerSecond { get; init; } = 5;

    /// <summary>Whether private addresses are called, too: in a laboratory, whose public addresses are reserved for documentation.</summary>
    public bool AllowPrivateAddresses { get; init; }

    /// <summary>How long the relayed connection stays without streams after a direct one was found.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(10);
}
