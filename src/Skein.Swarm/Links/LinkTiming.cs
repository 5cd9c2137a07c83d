namespace Skein.Swarm.Links;

/// <summary>How long connections may be silent or stuck. One set for a process; the defaults suit the internet.</summary>
public sealed record LinkTiming
{
    /// <summary>How often connections are looked at; everything below is as exact as this.</summary>
    public TimeSpan Tick { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Pause between heartbeats while sessions use the connection: a dead peer is known within <see cref="ActiveAnswer"/> of the next one.</summary>
    public TimeSpan ActiveHeartbeat { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Pause between heartbeats of an idle connection: below the 60 s after which home routers forget a connection.</summary>
    public TimeSpan IdleHeartbeat { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Wait for any byte after a heartbeat while sessions use the connection: twenty bad round trips, or a machine under heavy load.</summary>
    public TimeSpan ActiveAnswer { get; init; } = TimeSpan.FromSeconds(6);

    /// <summary>The same while idle, when nobody waits.</summary>
    public TimeSpan IdleAnswer { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Silence after which the side that does not send heartbeats gives the connection up: three missed heartbeats of an idle peer.</summary>
    public TimeSpan PassiveSilence { get; init; } = TimeSpan.FromSeconds(90);

    /// <summary>The same while the other side has sessions open, and so should send heartbeats every second: frees the memory of a coordinator that vanished.</summary>
    public TimeSpan PassiveActiveSilence { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The longest that one message may take to be written: 16 MiB at 7 Mbit/s.</summary>
    public TimeSpan WriteBound { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>The longest for a connection to be made, and for its first messages to arrive.</summary>
    public TimeSpan ConnectBound { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long an unused frame link stays open: the next session finds it warm.</summary>
    public TimeSpan IdleLink { get; init; } = TimeSpan.FromMinutes(5);
}
