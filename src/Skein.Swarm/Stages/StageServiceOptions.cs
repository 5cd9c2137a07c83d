using Skein.Core.Units;
using Skein.Swarm.Links;

namespace Skein.Swarm.Stages;

/// <summary>Settings of <see cref="StageService"/>.</summary>
public sealed record StageServiceOptions
{
    /// <summary>Sessions at once over all stages; KV memory usually runs out first.</summary>
    public int MaxSessions { get; init; } = 256;

    /// <summary>Session streams, so coordinators, at once.</summary>
    public int MaxCoordinators { get; init; } = 256;

    /// <summary>Frame links that others dialled, at once: two for each upstream neighbour or coordinator.</summary>
    public int MaxInboundLinks { get; init; } = 1024;

    /// <summary>Frame links that this node dialled, at once: two for each next stage.</summary>
    public int MaxOutboundLinks { get; init; } = 256;

    /// <summary>Frames of one session that may wait here: a prompt's chunks in flight, or drafts. A session that sends more fails.</summary>
    public int MaxFramesPerSession { get; init; } = 16;

    /// <summary>Bytes of frames that may wait here over all sessions; the session whose frame does not fit fails.</summary>
    public ByteSize MaxWaitingBytes { get; init; } = ByteSize.MiB(256);

    /// <summary>A session for which nothing arrives that long is closed: its coordinator forgot it.</summary>
    public TimeSpan SessionIdle { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How often a stage says that a step of a session waits or runs.</summary>
    public TimeSpan ProgressInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>What a coordinator is told to wait when there is no room: about one short reply.</summary>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Bounds of connections.</summary>
    public LinkTiming Timing { get; init; } = new();

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">All faults at once.</exception>
    public void Validate()
    {
        var faults = new List<string>();
        void Positive(string name, long value)
        {
            if (value < 1)
            {
                faults.Add($"{name} must be at least 1");
            }
        }

        Positive(nameof(MaxSessions), MaxSessions);
        Positive(nameof(MaxCoordinators), MaxCoordinators);
        Positive(nameof(MaxInboundLinks), MaxInboundLinks);
        Positive(nameof(MaxOutboundLinks), MaxOutboundLinks);
        Positive(nameof(MaxFramesPerSession), MaxFramesPerSession);
        Positive(nameof(MaxWaitingBytes), MaxWaitingBytes.Bytes);
        Positive(nameof(SessionIdle), SessionIdle.Ticks);
        Positive(nameof(ProgressInterval), ProgressInterval.Ticks);
        Positive(nameof(RetryAfter), RetryAfter.Ticks);
        if (faults.Count > 0)
        {
            throw new ArgumentException($"Stage service options: {string.Join("; ", faults)}.");
        }
    }
}
