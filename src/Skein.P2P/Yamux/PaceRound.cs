namespace Skein.P2P.Yamux;

/// <summary>What markers told from one moment to another. Not thread-safe.</summary>
internal struct PaceRound
{
    // Fewer do not tell a queue from a late thread.
    private const int LeastSamples = 3;

    // Markers that come back within so little were held up together.
    private static readonly TimeSpan Bunch = TimeSpan.FromMilliseconds(2);

    private TimeSpan _start;
    private TimeSpan _last;
    private long _arrived;
    private int _samples;

    /// <summary>Whether it has begun.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>The shortest round trip in it.</summary>
    public TimeSpan Shortest { get; private set; }

    /// <summary>Begins a round.</summary>
    /// <param name="now">The time: of a marker's return.</param>
    /// <param name="arrived">Bytes that have arrived so far.</param>
    public static PaceRound Begin(TimeSpan now, long arrived) => new() { IsOpen = true, Shortest = TimeSpan.MaxValue, _start = now, _last = now, _arrived = arrived };

    /// <summary>Whether it is whole.</summary>
    /// <remarks>
    /// A lost packet holds up all that is behind it; once it is repaired, all comes at once. What was sent just before that was not held up: the shortest of the
    /// whole bunch shows no queue. So a round does not end within a bunch.
    /// </remarks>
    public readonly bool IsWhole(TimeSpan now, TimeSpan least) => _samples >= LeastSamples && now - _last > Bunch && now - _start >= least;

    /// <summary>A marker came back.</summary>
    public void Add(TimeSpan now, TimeSpan roundTrip)
    {
        _last = now;
        _samples++;
        Shortest = roundTrip < Shortest ? roundTrip : Shortest;
    }

    /// <summary>What arrived in it, and in which time.</summary>
    public readonly Delivery Measure(TimeSpan now, long arrived) => new(arrived - _arrived, now - _start);
}
