namespace Skein.P2P.Reachability;

/// <summary>How a node finds out whether it can be reached. Immutable.</summary>
public sealed record ReachabilityOptions
{
    /// <summary>Whether addresses that mean something only on this machine or network count: a laboratory, tests.</summary>
    public bool AllowPrivate { get; init; }

    /// <summary>Independent servers (or observers) that must agree.</summary>
    public int Confirmations { get; init; } = 4;

    /// <summary>The same in a small network, where there are not so many.</summary>
    public int ConfirmationsInSmallNetworks { get; init; } = 2;

    /// <summary>Connected servers below which a network counts as small.</summary>
    public int SmallNetwork { get; init; } = 20;

    /// <summary>Addresses that are looked into: a host has one or two, and a router that gives each connection another port must not make a list without end.</summary>
    public int MaxAddresses { get; init; } = 6;

    /// <summary>Servers asked at once.</summary>
    public int MaxServersAtOnce { get; init; } = 4;

    /// <summary>How long an answer counts; then the same server is asked again. The specification's servers throttle per peer.</summary>
    public TimeSpan AnswerLifetime { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>After how long a server that could not say anything is asked again.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMinutes(2);
}
