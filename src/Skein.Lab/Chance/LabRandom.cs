namespace Skein.Lab.Chance;

/// <summary>SplitMix64: a small generator whose sequence for a seed never changes with the runtime, so that a scenario repeats.</summary>
/// <remarks>Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014). Not thread-safe, not for secrets.</remarks>
internal sealed class LabRandom(ulong seed)
{
    private const ulong Step = 0x9E3779B97F4A7C15;

    private ulong _state = seed;

    /// <summary>A well mixed value of its arguments: a seed for each of many independent things, or noise without memory.</summary>
    public static ulong Mix(ulong seed, ulong index)
    {
        var z = unchecked(seed + ((index + 1) * Step));
        z = unchecked((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9);
        z = unchecked((z ^ (z >> 27)) * 0x94D049BB133111EB);
        return z ^ (z >> 31);
    }

    /// <summary>Turns 64 random bits into a number from 0 up to, but not including, 1.</summary>
    public static double ToUnit(ulong bits) => (bits >> 11) * (1.0 / (1UL << 53));

    /// <summary>The next number from 0 up to, but not including, 1.</summary>
    public double NextDouble()
    {
        var value = ToUnit(Mix(_state, 0));
        _state = unchecked(_state + Step);
        return value;
    }
}
