using Skein.Core.Units;
using Skein.Lab.Units;

namespace Skein.Lab.Links;

/// <summary>What is said about a line; what is not said stays as it was.</summary>
/// <param name="RoundTrip">Round trip over both directions, if both are changed alike; each direction gets half.</param>
/// <param name="Jitter">How far the round trip strays, up or down; each direction gets half.</param>
/// <param name="Rate">How fast each direction is.</param>
/// <param name="Queue">How many bytes may wait.</param>
/// <param name="Loss">Share of packets lost in each direction.</param>
/// <param name="LossBurst">Mean number lost in a row.</param>
public sealed record LinkChange(
    TimeSpan? RoundTrip = null,
    TimeSpan? Jitter = null,
    BitRate? Rate = null,
    ByteSize? Queue = null,
    double? Loss = null,
    double? LossBurst = null)
{
    /// <summary>Whether nothing is said.</summary>
    public bool IsEmpty => this == new LinkChange();

    /// <summary>The settings of one direction after the change. A jitter that the new delay has no room for shrinks to it, unless it was asked for.</summary>
    public LinkSettings Apply(LinkSettings settings)
    {
        var delay = RoundTrip / 2 ?? settings.Delay;
        return settings with
        {
            Delay = delay,
            Jitter = Jitter / 2 ?? (settings.Jitter < delay ? settings.Jitter : delay),
            Rate = Rate ?? settings.Rate,
            Queue = Queue ?? settings.Queue,
            Loss = Loss ?? settings.Loss,
            LossBurst = LossBurst ?? settings.LossBurst,
        };
    }
}
