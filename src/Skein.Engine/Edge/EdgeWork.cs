using Skein.Core.Hidden;
using Skein.Engine.Lanes;

namespace Skein.Engine.Edge;

/// <summary>Tokens that want their rows, or rows that want their logits; computed in slices.</summary>
internal sealed class EdgeWork(ReadOnlyMemory<int> tokens, HiddenRows? rows, int width, CancellationToken cancellationToken) : LaneWork(cancellationToken)
{
    /// <summary>Tokens to embed; empty for the head.</summary>
    public ReadOnlyMemory<int> Tokens { get; } = tokens;

    /// <summary>Rows for the head; null for embedding.</summary>
    public HiddenRows? Rows { get; } = rows;

    /// <summary>Rows in all.</summary>
    public int Count => Rows?.Rows ?? Tokens.Length;

    /// <summary>Rows computed so far.</summary>
    public int Computed { get; set; }

    /// <summary>Where results gather; belongs to the caller once the work is complete.</summary>
    public HiddenRows Result { get; } = HiddenRows.Rent(rows?.Rows ?? tokens.Length, width);
}
