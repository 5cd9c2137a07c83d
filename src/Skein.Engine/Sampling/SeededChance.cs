namespace Skein.Engine.Sampling;

/// <summary>Numbers in [0, 1) from a seed by SplitMix64 (Steele, Lea, Flood 2014): the same on every system, for ever.</summary>
internal sealed class SeededChance(ulong seed)
{
    private const double Unit = 1.0 / (1UL << 53);

    private ulong _state = seed;

    /// <summary>The next number.</summary>
    public double Next()
    {
        _state += 0x9E3779B97F4A7C15;
        var mixed = _state;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        mixed ^= mixed >> 31;
        return (mixed >> 11) * Unit;
    }
}
