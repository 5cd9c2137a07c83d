using Skein.Core.Units;
using Skein.Lab.Chance;
using Skein.Lab.Links;

namespace Skein.Lab.Streams;

/// <summary>The uplink of one machine: says of every chunk of bytes when it has left and when it arrives.</summary>
/// <remarks>
/// All streams that leave over one uplink share one shaper, and so its rate. Thread-safe. Time comes from the <see cref="TimeProvider"/> alone.
/// </remarks>
public sealed class LinkShaper
{
    /// <summary>What one TCP segment carries on an ordinary path, so that loss per segment means what it means on a real one.</summary>
    private const int SegmentBytes = 1_400;

    /// <summary>A chunk is about what the line sends in a millisecond, as timers are not finer than that ...</summary>
    private const long ChunkNanoseconds = 1_000_000;

    /// <summary>... but not so small that waking up costs more than sending ...</summary>
    private const int SmallestChunk = 1_024;

    /// <summary>... and no larger than a pooled buffer of common size.</summary>
    private const int LargestChunk = 16 * 1_024;

    /// <summary>Near what a kernel keeps for a socket.</summary>
    private static readonly ByteSize DefaultBuffer = ByteSize.KiB(64);

    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly long _origin;
    private readonly LossProcess _loss;
    private readonly LabRandom _recovery;
    private readonly JitterProcess _jitter;
    private readonly long _delay;
    private readonly long _bufferTime;
    private long _free;

    /// <summary>Creates the shaper.</summary>
    /// <param name="settings">What the line does.</param>
    /// <param name="time">Where time comes from.</param>
    /// <param name="seed">What chance depends on.</param>
    /// <exception cref="ArgumentException">The settings have faults; all are named.</exception>
    public LinkShaper(LinkSettings settings, TimeProvider time, ulong seed = 1)
    {
        Settings = settings.Checked(nameof(settings));
        _time = time;
        _origin = time.GetTimestamp();
        _loss = new LossProcess(settings.Loss, settings.LossBurst, new LabRandom(LabRandom.Mix(seed, 0)));
        _recovery = new LabRandom(LabRandom.Mix(seed, 1));
        _jitter = new JitterProcess(Nanoseconds(settings.Jitter), LabRandom.Mix(seed, 2));
        _delay = Nanoseconds(settings.Delay);
        _bufferTime = settings.Rate.NanosecondsFor((settings.Queue ?? DefaultBuffer).Bytes);
        ChunkBytes = settings.Rate.IsUnlimited
            ? LargestChunk
            : (int)Math.Clamp(settings.Rate.BytesIn(ChunkNanoseconds), SmallestChunk, LargestChunk);
    }

    /// <summary>What the line does.</summary>
    public LinkSettings Settings { get; }

    /// <summary>Where time comes from.</summary>
    internal TimeProvider Time => _time;

    /// <summary>How many bytes are best given to the line at once.</summary>
    internal int ChunkBytes { get; }

    /// <summary>Nanoseconds since the shaper was made.</summary>
    internal long Now => (long)(_time.GetElapsedTime(_origin).Ticks * (Int128)TimeSpan.NanosecondsPerTick);

    /// <summary>How long a writer must wait until its next chunk finds room in the buffer; zero when there is room now.</summary>
    internal long WaitForRoom()
    {
        lock (_gate)
        {
            return Math.Max(0, _free - Now - _bufferTime);
        }
    }

    /// <summary>Puts bytes on the line.</summary>
    /// <returns>When the last of them arrives at the other end, in nanoseconds on the scale of <see cref="Now"/>. The caller keeps the order of one stream.</returns>
    internal long Send(int bytes)
    {
        lock (_gate)
        {
            _free = Math.Max(_free, Now) + Settings.Rate.NanosecondsFor(bytes);
            return _free + _delay + _jitter.At(_free) + Recovery(bytes);
        }
    }

    /// <summary>What a loss costs: one to three round trips until the other end has told and the segment has come again.</summary>
    private long Recovery(int bytes)
    {
        var lost = false;
        for (var sent = 0; sent < bytes; sent += SegmentBytes)
        {
            lost |= _loss.LosesNext();
        }

        return lost ? (long)(2 * _delay * (1 + (2 * _recovery.NextDouble()))) : 0;
    }

    private static long Nanoseconds(TimeSpan span) => span.Ticks * TimeSpan.NanosecondsPerTick;
}
