using System.Diagnostics;
using System.Globalization;

namespace Skein.Fuzz;

/// <summary>Runs a target over one input and judges it: no stray exception, no absurd memory, no absurd time.</summary>
public static class FuzzRun
{
    /// <summary>What any decoder may allocate whatever it is given: buffers, tables, exceptions with their stack.</summary>
    public const long FreeAllocation = 16 << 20;

    /// <summary>Bytes allocated for each byte of input, beyond <see cref="FreeAllocation"/>. Limits are checked before memory is taken, so more means that a number in the input was believed.</summary>
    public const long AllocationPerByte = 512;

    /// <summary>Wall clock for one input of at most <see cref="LargestInput"/> bytes; generous, as tests share the machine. More means work that grows faster than the input.</summary>
    public static readonly TimeSpan LongestRun = TimeSpan.FromSeconds(5);

    /// <summary>Mutations do not grow beyond this.</summary>
    public const int LargestInput = 64 << 10;

    /// <summary>Null: the target took the input as it should.</summary>
    public static FuzzFailure? Judge(IFuzzTarget target, ReadOnlyMemory<byte> input)
    {
        var allocatedBefore = GC.GetAllocatedBytesForCurrentThread();
        var started = Stopwatch.GetTimestamp();
        try
        {
            target.Run(input.Span);
        }
        catch (Exception e)
        {
            return new FuzzFailure(input, $"{target.Name}: {e}");
        }

        var elapsed = Stopwatch.GetElapsedTime(started);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - allocatedBefore;
        if (allocated > FreeAllocation + (AllocationPerByte * input.Length))
        {
            return new FuzzFailure(input, string.Create(CultureInfo.InvariantCulture, $"{target.Name}: allocated {allocated} bytes for {input.Length} bytes of input."));
        }

        return elapsed > LongestRun
            ? new FuzzFailure(input, string.Create(CultureInfo.InvariantCulture, $"{target.Name}: took {elapsed.TotalSeconds:F1} s for {input.Length} bytes of input."))
            : null;
    }
}
