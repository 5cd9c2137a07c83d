using Skein.Core.Units;
using Skein.Lab.Units;

namespace Skein.Lab.Streams;

/// <summary>What a bad line does to the bytes of a stream in one direction.</summary>
public sealed record StreamShape
{
    /// <summary>One way: half of the round trip that both ends together should see.</summary>
    public TimeSpan Delay { get; init; } = TimeSpan.Zero;

    /// <summary>How far the one-way delay strays from <see cref="Delay"/>, up or down; at most <see cref="Delay"/>.</summary>
    public TimeSpan Jitter { get; init; } = TimeSpan.Zero;

    /// <summary>How fast bytes leave; unlimited by default.</summary>
    public BitRate Rate { get; init; } = BitRate.Unlimited;

    /// <summary>Share of segments lost, 0 to below 1. A stream cannot lose bytes: everything behind a lost segment waits for it to be sent again.</summary>
    public double Loss { get; init; }

    /// <summary>Mean number of segments lost in a row, at least 1.</summary>
    public double LossBurst { get; init; } = 1;

    /// <summary>How many bytes may wait to leave before a writer waits; 64 KiB by default, near what a kernel keeps for a socket.</summary>
    public ByteSize Buffer { get; init; } = ByteSize.KiB(64);

    /// <summary>What chance depends on.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Whether this shape changes anything.</summary>
    public bool IsTransparent => Delay == TimeSpan.Zero && Rate.IsUnlimited && Loss == 0;

    /// <summary>The shape of one end of a line; both ends wear it.</summary>
    /// <param name="roundTrip">What a ping over both ends should measure.</param>
    /// <param name="uplink">How fast each end may send.</param>
    public static StreamShape Of(TimeSpan roundTrip, BitRate uplink) => new() { Delay = roundTrip / 2, Rate = uplink };

    /// <summary>Everything that is wrong with this shape, in words; empty when it can be used.</summary>
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

        if (!Rate.IsUnlimited && (Rate < LinkLimits.SlowestRate || Rate > LinkLimits.FastestRate))
        {
            faults.Add($"rate: {Rate} is not between {LinkLimits.SlowestRate} and {LinkLimits.FastestRate}");
        }

        if (Loss is not (>= 0 and <= LinkLimits.LargestLoss))
        {
            faults.Add($"loss: {Loss} is not between 0 and {LinkLimits.LargestLoss}");
        }

        if (LossBurst is not (>= 1 and <= LinkLimits.LongestBurst))
        {
            faults.Add($"burst: {LossBurst} is not between 1 and {LinkLimits.LongestBurst}");
        }

        if (Buffer < ByteSize.KiB(1) || Buffer > LinkLimits.LargestQueue)
        {
            faults.Add($"buffer: {Buffer} is not between {ByteSize.KiB(1)} and {LinkLimits.LargestQueue}");
        }

        return faults;
    }
}
