using Skein.P2P.Identity;

namespace Skein.P2P.Relay;

/// <summary>What a relay gives. Immutable.</summary>
public sealed record RelayServerOptions
{
    /// <summary>How a peer is served. A circuit is of the lower class of its two ends. Called for each request; must be quick and thread-safe.</summary>
    public Func<PeerId, RelayClass> ClassOf { get; init; } = _ => RelayClass.Signal;

    /// <summary>Bounds of a circuit of <see cref="RelayClass.Signal"/>: go-libp2p's.</summary>
    public RelayLimit SignalLimit { get; init; } = new(TimeSpan.FromMinutes(2), 128 * 1024);

    /// <summary>Bounds of a circuit of <see cref="RelayClass.Swarm"/>; null for none, which the rate still bounds.</summary>
    public RelayLimit? SwarmLimit { get; init; }

    /// <summary>Bytes a second that all circuits of one peer may carry together, both ways; 0 for no bound. 4 Mbit/s carry 60 decode messages of 8 KiB.</summary>
    public long RatePerPeer { get; init; } = 500_000;

    /// <summary>Bytes that a peer may carry at once before the rate holds it up.</summary>
    public int Burst { get; init; } = 256 * 1024;

    /// <summary>Reservations in all: go-libp2p's.</summary>
    public int MaxReservations { get; init; } = 128;

    /// <summary>Reservations from one IP address, so that one house does not fill the table. Loopback has no such bound.</summary>
    public int MaxReservationsPerIp { get; init; } = 8;

    /// <summary>Circuits in all: each holds two buffers of 32 KiB.</summary>
    public int MaxCircuits { get; init; } = 512;

    /// <summary>Circuits that one peer may have as the caller, and as many as the called: who is called much can still call.</summary>
    public int MaxCircuitsPerPeer { get; init; } = 16;

    /// <summary>Circuits of one caller to one called peer: an urgent and a bulk connection, and as many while they are made anew.</summary>
    public int MaxCircuitsPerPair { get; init; } = 4;

    /// <summary>Circuits to one called peer from one neighbourhood of addresses (/24, /48): half of what it may have, so that no single place cuts it off from all others. Loopback has no such bound.</summary>
    public int MaxCircuitsPerGroupAndCalled { get; init; } = 8;

    /// <summary>Circuits from one neighbourhood in all: an eighth of the relay's.</summary>
    public int MaxCircuitsPerGroup { get; init; } = 64;

    /// <summary>How long a reservation holds: go-libp2p's.</summary>
    public TimeSpan ReservationTime { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Time for a request to come, and for the called peer to answer.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A circuit that has carried nothing for so long is cut: the peers within ping each other every 30 s.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Whether private addresses of this machine are told to peers with a reservation: in a laboratory, on a LAN.</summary>
    public bool TellPrivateAddresses { get; init; }
}
