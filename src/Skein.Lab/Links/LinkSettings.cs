using Skein.Core.Units;
using Skein.Lab.Units;

namespace Skein.Lab.Links;

/// <summary>What one direction of a line does to what is sent over it: to packets in the router, to bytes in a shaped stream.</summary>
public sealed record LinkSettings
{
    /// <summary>A line that changes nothing.</summary>
    public static LinkSettings Perfect { get; } = new();

    /// <summary>One way: half of the round trip, if the other direction is alike.</summary>
    public TimeSpan Delay { get; init; } = TimeSpan.Zero;

    /// <summary>How far the one-way delay strays from <see cref="Delay"/>, up or down; at most <see cref="Delay"/>.</summary>
    public TimeSpan Jitter { get; init; } = TimeSpan.Zero;

    /// <summary>How fast bytes leave; unlimited by default.</summary>
    public BitRate Rate { get; init; } = BitRate.Unlimited;

    /// <summary>Share of packets lost, 0 to 0.9. A stream cannot lose: what comes behind a lost segment waits for it to be sent again.</summary>
    public double Loss { get; init; }

    /// <summary>Mean number of packets lost in a row; 1, the default, makes losses independent.</summary>
    public double LossBurst { get; init; } = 1;

    /// <summary>How many bytes may wait to leave. By default 100 ms worth of the rate and at least 64 KiB, as home routers do; for streams 64 KiB, as sockets do.</summary>
    public ByteSize? Queue { get; init; }

    /// <summary>The settings of each direction of a line with this round trip.</summary>
    /// <param name="roundTrip">What a ping over both directions measures.</param>
    /// <param name="rate">How fast each direction is.</param>
    public static LinkSettings Of(TimeSpan roundTrip, BitRate rate) => new() { Delay = roundTrip / 2, Rate = rate };

    /// <summary>Everything that is wrong with these settings, in words; empty when they can be used.</summary>
    public IReadOnlyList<string> Faults()
    {
        List<string> faults = [];
        if (Delay < TimeSpan.Zero || Delay > LinkLimits.LongestDelay)
        {
            faults.Add($"delay: {Delay} is not between zero and {LinkLimits.LongestDelay}");
        }

        if (Jitter < TimeSpan.Zero || Jitter > Delay)
        {
            faults.Add($"jitter: {Jitter} is not between zero and the delay of {Delay}");
        }

        LinkLimits.CheckRate("rate", Rate, faults);
        LinkLimits.CheckQueue(Queue, faults);
        if (Loss is not (>= 0 and <= LinkLimits.LargestLoss))
        {
            faults.Add($"loss: {Loss} is not between 0 and {LinkLimits.LargestLoss}");
        }

        if (LossBurst is not (>= 1 and <= LinkLimits.LongestBurst))
        {
            faults.Add($"burst: {LossBurst} is not between 1 and {LinkLimits.LongestBurst}");
        }

        return faults;
    }

    /// <summary>Refuses settings with faults.</summary>
    /// <exception cref="ArgumentException">All faults are named.</exception>
    internal LinkSettings Checked(string parameter)
    {
        var faults = Faults();
        return faults.Count == 0
            ? this
            : throw new ArgumentException("This line cannot be: " + string.Join("; ", faults) + ".", parameter);
    }
}
