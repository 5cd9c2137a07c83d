using Skein.Gguf;

namespace Skein.Models;

/// <summary>Attention over a window in all blocks but the last of each period: block i is full if (i + 1) is a multiple of <see cref="Period"/>.</summary>
/// <param name="Period">The architecture's default.</param>
/// <param name="Optional">Whether the architecture has models without any window: those lack <c>attention.sliding_window</c>.</param>
/// <remarks>
/// The build of llama.cpp that Skein ships reads <c>{arch}.attention.sliding_window_pattern</c> as a number, the period, and ignores an array (one flag a block).
/// So a span is described by a period of its own, and one that starts inside a period may need two files: see <see cref="StagePlan"/>.
/// </remarks>
public sealed record SlidingWindowRule(int Period, bool Optional = false)
{
    /// <summary>The key, without the architecture's prefix.</summary>
    public const string PatternKey = "attention.sliding_window_pattern";

    /// <summary>The key of the window's length, without the architecture's prefix.</summary>
    public const string WindowKey = "attention.sliding_window";

    /// <summary>Whether spans must begin at multiples of the period: full blocks differ in more than the window, so <see cref="FullBlockKeys"/> cannot describe them.</summary>
    public bool CutsAtPeriodsOnly { get; init; }

    /// <summary>
    /// What makes a file of full blocks alone, keys without the architecture's prefix: the loader aborts the process when a model with a window has no block that
    /// slides. Most architectures have no window at all when its length is 0.
    /// </summary>
    public IReadOnlyDictionary<string, GgufValue> FullBlockKeys { get; init; } = new Dictionary<string, GgufValue>(StringComparer.Ordinal) { [WindowKey] = GgufValue.UInt32(0) };
}
