using Skein.Lab.Chance;

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
    /// <param name="shape">What the line does.</param>
    /// <param name="time">Where time comes from.</param>
    /// <exception cref="ArgumentException">The shape has faults; all are named.</exception>
    public LinkShaper(StreamShape shape, TimeProvider time)
    {
        var faults = shape.Faults();
        if (faults.Count > 0)
        {
            throw new ArgumentException("This line cannot be: " + string.Join("; ", faults) + ".", nameof(shape));
        }

        Shape = shape;
        _time = time;
        _origin = time.GetTimestamp();
        _loss = new LossProcess(shape.Loss, shape.LossBurst, new LabRandom(LabRandom.Mix(shape.Seed, 0)));
        _recovery = new LabRandom(LabRandom.Mix(shape.Seed, 1));
        _jitter = new JitterProcess(Nanoseconds(shape.Jitter), LabRandom.Mix(shape.Seed, 2));
        _delay = Nanoseconds(shape.Delay);
        _bufferTime = shape.Rate.NanosecondsFor(shape.Buffer.Bytes);
        ChunkBytes = shape.Rate.IsUnlimited
            ? LargestChunk
            : (int)Math.Clamp(shape.Rate.BytesIn(ChunkNanoseconds), SmallestChunk, LargestChunk);
    }

    /// <summary>What the line does.</summary>
    public StreamShape Shape { get; }

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
            _free = Math.Max(_free, Now) + Shape.Rate.NanosecondsFor(bytes);
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
