using Skein.Core.Units;
using Skein.Lab.Units;

namespace Skein.Lab.Links;

/// <summary>What a line of the laboratory may be at most; the same for streams and for packets.</summary>
internal static class LinkLimits
{
    /// <summary>Longer than any path on earth, satellites included; a slip of the unit shows.</summary>
    public static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(10);

    /// <summary>Below this one packet takes more than a second, and nothing of interest works.</summary>
    public static readonly BitRate SlowestRate = BitRate.Kilobits(8);

    /// <summary>Above this a process in user space is the limit, not the rate.</summary>
    public static readonly BitRate FastestRate = BitRate.Megabits(10_000);

    /// <summary>Room for a few packets; with less nothing gets through.</summary>
    public static readonly ByteSize SmallestQueue = ByteSize.KiB(4);

    /// <summary>More than any home router queues.</summary>
    public static readonly ByteSize LargestQueue = ByteSize.MiB(16);

    /// <summary>A line that loses more is cut, not lossy.</summary>
    public const double LargestLoss = 0.9;

    /// <summary>Packets in a row; at this length the line is better cut and healed.</summary>
    public const double LongestBurst = 1_000;

    /// <summary>Adds a fault when the rate is neither unlimited nor sensible.</summary>
    public static void CheckRate(string name, BitRate rate, List<string> faults)
    {
        if (!rate.IsUnlimited && (rate < SlowestRate || rate > FastestRate))
        {
            faults.Add($"{name}: {rate} is not between {SlowestRate} and {FastestRate}");
        }
    }

    /// <summary>Adds a fault when the queue is given and not sensible.</summary>
    public static void CheckQueue(ByteSize? queue, List<string> faults)
    {
        if (queue is { } given && (given < SmallestQueue || given > LargestQueue))
        {
            faults.Add($"queue: {given} is not between {SmallestQueue} and {LargestQueue}");
        }
    }
}
