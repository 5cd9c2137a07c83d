namespace Skein.P2P.PortMapping;

/// <summary>How a mapping is kept.</summary>
public sealed record PortMappingOptions
{
    /// <summary>How long a port is asked for. RFC 6886 recommends two hours; one frees a dead node's port sooner.</summary>
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How long to wait after every way failed: the router may have been restarting, or its settings may change.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The least time between renewals, whatever lifetime a router gives: a router must not make us flood it.</summary>
    public TimeSpan LeastRenewal { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The longest wait at the end, for giving the port back.</summary>
    public TimeSpan ReleaseTimeout { get; init; } = TimeSpan.FromSeconds(3);
}
