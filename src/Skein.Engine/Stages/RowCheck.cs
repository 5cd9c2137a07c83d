using System.Numerics;
using System.Runtime.InteropServices;

namespace Skein.Engine.Stages;

/// <summary>Looks for values that must not reach, or leave, native code.</summary>
internal static class RowCheck
{
    /// <summary>
    /// Largest magnitude taken from outside, 2^60. Real residual streams stay below 2^20; from 2^64 on the sum of squares of the first norm would overflow to
    /// infinity, and NaN would follow.
    /// </summary>
    public const float MaxMagnitude = 1152921504606846976f;

    private const int ExponentMask = 0x7F800000;
    private const int MaxMagnitudeBits = 0x5D800000;
    private const int SignlessMask = 0x7FFFFFFF;

    /// <summary>Whether every value is finite and at most <see cref="MaxMagnitude"/>.</summary>
    public static bool IsSane(ReadOnlySpan<float> values) => IsBelow(values, MaxMagnitudeBits + 1);

    /// <summary>Whether every value is finite.</summary>
    public static bool IsFinite(ReadOnlySpan<float> values) => IsBelow(values, ExponentMask);

    // The bits of non-negative floats are in the order of their values, infinity and NaN above all others: one integer comparison decides.
    private static bool IsBelow(ReadOnlySpan<float> values, int bits)
    {
        var integers = MemoryMarshal.Cast<float, int>(values);
        var vectors = MemoryMarshal.Cast<int, Vector<int>>(integers);
        var mask = new Vector<int>(SignlessMask);
        var limit = new Vector<int>(bits);
        foreach (var vector in vectors)
        {
            if (Vector.GreaterThanOrEqualAny(vector & mask, limit))
            {
                return false;
            }
        }

        foreach (var value in integers[(vectors.Length * Vector<int>.Count)..])
        {
            if ((value & SignlessMask) >= bits)
            {
                return false;
            }
        }

        return true;
    }
}
