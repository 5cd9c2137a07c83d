namespace Skein.P2P.Relay;

/// <summary>How places at relays are kept. Immutable.</summary>
public sealed record RelayClientOptions
{
    /// <summary>Time for one exchange with a relay.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Share of a reservation's time after which it is renewed: time enough for several tries.</summary>
    public double RenewAt { get; init; } = 0.75;

    /// <summary>The least time between two requests to one relay, whatever it says about its reservations.</summary>
    public TimeSpan LeastRenewal { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest a reservation is trusted without being renewed: clocks differ.</summary>
    public TimeSpan MostRenewal { get; init; } = TimeSpan.FromHours(1);

    /// <summary>The longest wait after failures and losses, which double it from <see cref="LeastRenewal"/> on. A place that was held for so long makes them forgotten.</summary>
    public TimeSpan MostDelay { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Relays that places are kept at: each is a connection and a few addresses in every record.</summary>
    public int MaxRelays { get; init; } = 4;

    /// <summary>Circuits that one relay may bring at once.</summary>
    public int MaxCircuitsPerRelay { get; init; } = 32;
}
