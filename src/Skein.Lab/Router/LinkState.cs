using Skein.Lab.Chance;
using Skein.Lab.Links;

namespace Skein.Lab.Router;

/// <summary>One directed link: its settings, what they came to, and what happened on it.</summary>
internal sealed class LinkState
{
    private readonly ulong _seed;
    private LossProcess _loss;
    private JitterProcess _jitter;
    private long _delay;

    /// <summary>Creates the link.</summary>
    /// <param name="settings">What it does.</param>
    /// <param name="seed">What chance on it depends on.</param>
    public LinkState(LinkSettings settings, ulong seed)
    {
        _seed = seed;
        Settings = settings;
        _loss = null!;
        Set(settings, 0);
    }

    public LinkSettings Settings { get; private set; }

    public bool IsCut { get; set; }

    public RateQueue Line { get; } = new();

    public DelayLine Wire { get; } = new();

    public long SentPackets { get; set; }

    public long SentBytes { get; set; }

    public long DeliveredPackets { get; set; }

    public long DeliveredBytes { get; set; }

    public long LostByChance { get; set; }

    public long LostInQueue { get; set; }

    public long LostByCut { get; set; }

    /// <summary>Changes what the link does from now on; what is on the wire keeps its time.</summary>
    public void Set(LinkSettings settings, long now)
    {
        Settings = settings;
        Line.Configure(settings.Rate, settings.Queue, now);
        _loss = new LossProcess(settings.Loss, settings.LossBurst, new LabRandom(LabRandom.Mix(_seed, 0)));
        _jitter = new JitterProcess(settings.Jitter.Ticks * TimeSpan.NanosecondsPerTick, LabRandom.Mix(_seed, 1));
        _delay = settings.Delay.Ticks * TimeSpan.NanosecondsPerTick;
    }

    /// <summary>No packet takes less time than this over the wire.</summary>
    public long ShortestDelay => _delay - (Settings.Jitter.Ticks * TimeSpan.NanosecondsPerTick);

    /// <summary>Whether chance takes the next packet.</summary>
    public bool LosesNext() => _loss.LosesNext();

    /// <summary>When what enters the wire now comes out of it.</summary>
    public long ArrivalOf(long now) => now + _delay + _jitter.At(now);
}
