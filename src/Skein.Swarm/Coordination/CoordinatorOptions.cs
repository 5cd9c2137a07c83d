using Skein.Swarm.Codecs;
using Skein.Swarm.Links;

namespace Skein.Swarm.Coordination;

/// <summary>Settings of <see cref="Coordinator"/>.</summary>
public sealed record CoordinatorOptions
{
    /// <summary>How rows are written between stages; float32 is exact.</summary>
    public RowFormat Format { get; init; } = RowFormat.Float32;

    /// <summary>Rows of a prefill chunk: large enough to fill the engine, small enough that hops overlap.</summary>
    public int PrefillChunk { get; init; } = 128;

    /// <summary>Prefill chunks in the ring at once: one for each stage of a short chain.</summary>
    public int PrefillInFlight { get; init; } = 4;

    /// <summary>Replies at once; more are refused.</summary>
    public int MaxSessions { get; init; } = 256;

    /// <summary>Peers watched at once.</summary>
    public int MaxPeers { get; init; } = 64;

    /// <summary>How long a request waits for stages to have room, before it is refused with a hint to retry.</summary>
    public TimeSpan AdmissionWait { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a request waits for missing blocks to come back: a node restarts in a second or two.</summary>
    public TimeSpan ChainWait { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long stages may take to answer an open message; includes their dialling of the next stage.</summary>
    public TimeSpan OpenBound { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the account of a finished reply is waited for.</summary>
    public TimeSpan CloseBound { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>A step without result and without a sign of progress for this many times the usual step time has stalled, within <see cref="StallFloor"/> and <see cref="StallCeiling"/>.</summary>
    public int StallFactor { get; init; } = 16;

    /// <summary>No step has stalled before this: covers a busy machine's hiccups.</summary>
    public TimeSpan StallFloor { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A step has stalled after this, even if a stage says that it computes: an engine may hang.</summary>
    public TimeSpan StallCeiling { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>First pause before a lost peer is dialled again; doubles up to <see cref="MaxRedial"/>.</summary>
    public TimeSpan FirstRedial { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Longest pause before a lost peer is dialled again; a waiting request dials at once.</summary>
    public TimeSpan MaxRedial { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Bounds of connections.</summary>
    public LinkTiming Timing { get; init; } = new();

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">All faults at once.</exception>
    public void Validate()
    {
        var faults = new List<string>();
        void Between(string name, long value, long least, long most)
        {
            if (value < least || value > most)
            {
                faults.Add($"{name} must lie between {least} and {most}");
            }
        }

        void Positive(string name, TimeSpan value)
        {
            if (value <= TimeSpan.Zero)
            {
                faults.Add($"{name} must be longer than nothing");
            }
        }

        if (!RowCodecs.TryGet(Format, out _))
        {
            faults.Add($"{nameof(Format)} {Format} is not known");
        }

        Between(nameof(PrefillChunk), PrefillChunk, 1, Wire.WireLimits.MaxRows);
        Between(nameof(PrefillInFlight), PrefillInFlight, 1, 16);
        Between(nameof(MaxSessions), MaxSessions, 1, 65_536);
        Between(nameof(MaxPeers), MaxPeers, 1, 1024);
        Between(nameof(StallFactor), StallFactor, 2, 1000);
        Positive(nameof(AdmissionWait), AdmissionWait);
        Positive(nameof(ChainWait), ChainWait);
        Positive(nameof(OpenBound), OpenBound);
        Positive(nameof(CloseBound), CloseBound);
        Positive(nameof(StallFloor), StallFloor);
        Positive(nameof(FirstRedial), FirstRedial);
        if (StallCeiling < StallFloor)
        {
            faults.Add($"{nameof(StallCeiling)} must not be below {nameof(StallFloor)}");
        }

        if (MaxRedial < FirstRedial)
        {
            faults.Add($"{nameof(MaxRedial)} must not be below {nameof(FirstRedial)}");
        }

        if (faults.Count > 0)
        {
            throw new ArgumentException($"Coordinator options: {string.Join("; ", faults)}.");
        }
    }
}
