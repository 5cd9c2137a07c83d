namespace Skein.Lab.Chance;

/// <summary>How far the delay of a line is from its mean at a moment: a random walk that never reorders.</summary>
/// <remarks>
/// Values drawn evenly from -amplitude to +amplitude stand four amplitudes (at least 10 ms) apart, and the delay goes straight from one to the next. It so falls by at most half a second
/// a second: what was sent later always arrives later, without a rule that would push the mean up under load, as drawing anew for every packet would.
/// The value depends on seed and time alone. Thread-safe.
/// </remarks>
internal readonly struct JitterProcess
{
    private const long ShortestPeriod = 10_000_000;

    private readonly long _amplitude;
    private readonly long _period;
    private readonly ulong _seed;

    /// <summary>Creates the process.</summary>
    /// <param name="amplitude">Largest distance from the mean, nanoseconds.</param>
    /// <param name="seed">What the walk depends on besides time.</param>
    public JitterProcess(long amplitude, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(amplitude);
        _amplitude = amplitude;
        _period = Math.Max(4 * amplitude, ShortestPeriod);
        _seed = seed;
    }

    /// <summary>Distance from the mean at <paramref name="now"/>, both in nanoseconds.</summary>
    public long At(long now)
    {
        if (_amplitude == 0)
        {
            return 0;
        }

        var index = now / _period;
        var part = (double)(now - (index * _period)) / _period;
        var from = Target(index);
        return (long)(from + ((Target(index + 1) - from) * part));
    }

    private double Target(long index) => ((2 * LabRandom.ToUnit(LabRandom.Mix(_seed, (ulong)index))) - 1) * _amplitude;
}
