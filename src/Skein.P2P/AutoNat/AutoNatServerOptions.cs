namespace Skein.P2P.AutoNat;

/// <summary>What an AutoNAT server does for others. Immutable.</summary>
public sealed record AutoNatServerOptions
{
    /// <summary>Whether it dials addresses that mean something only on this machine or network, and names: a laboratory, tests.</summary>
    public bool AllowPrivate { get; init; }

    /// <summary>Dials a second in all: a server is no engine for knocking at doors.</summary>
    public int DialsPerSecond { get; init; } = 5;

    /// <summary>Requests a minute of one neighbourhood of addresses (of one peer, where there are none): a host checks a handful of addresses when it starts.</summary>
    public int RequestsPerMinute { get; init; } = 12;

    /// <summary>Requests served at once: each holds a socket for up to <see cref="DialTimeout"/>.</summary>
    public int MaxAtOnce { get; init; } = 32;

    /// <summary>Neighbourhoods whose requests are counted; further ones are refused until one falls silent.</summary>
    public int MaxCounted { get; init; } = 4096;

    /// <summary>Addresses that a request of version 1 has dialled.</summary>
    public int V1Addresses { get; init; } = 4;

    /// <summary>Time for a dial and its dial-back: shorter than what askers wait (15 s in js-libp2p), so that silence is told and not guessed.</summary>
    public TimeSpan DialTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Time for each message of the asker; and for all of the dial data.</summary>
    public TimeSpan ReadTimeout { get; init; } = TimeSpan.FromSeconds(20);
}
