namespace Skein.Models;

/// <summary>How rows must be prepared for a graph that does something to any input.</summary>
public enum RowScaling
{
    /// <summary>Rows go in as they are.</summary>
    None = 0,

    /// <summary>The graph multiplies any input by the square root of the width, so rows are divided by it first. Exact if that root is a power of two; otherwise each stage rounds once.</summary>
    InverseSqrtWidth = 1,
}
