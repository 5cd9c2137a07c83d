namespace Skein.Core.Identity;

/// <summary>A contiguous run of transformer blocks, half open: <c>[First, End)</c>.</summary>
/// <param name="First">Index of the first block in the whole model.</param>
/// <param name="End">Index after the last block.</param>
public readonly record struct BlockSpan(int First, int End)
{
    /// <summary>How many blocks the span holds.</summary>
    public int Count => End - First;

    /// <summary>Whether the span is well formed inside a model of <paramref name="blockCount"/> blocks and not empty.</summary>
    public bool IsWithin(int blockCount) => First >= 0 && First < End && End <= blockCount;

    /// <summary>Whether every block of <paramref name="other"/> lies in this span.</summary>
    public bool Contains(BlockSpan other) => First <= other.First && other.End <= End;

    /// <summary>Cuts <c>[0, blockCount)</c> at the given boundaries.</summary>
    /// <param name="blockCount">Blocks of the model.</param>
    /// <param name="cuts">Boundaries, ascending, each strictly between 0 and <paramref name="blockCount"/>; empty gives one span.</param>
    /// <exception cref="ArgumentException">A cut is out of range or out of order.</exception>
    public static IReadOnlyList<BlockSpan> Cut(int blockCount, IReadOnlyList<int> cuts)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(blockCount, 1);
        var spans = new List<BlockSpan>(cuts.Count + 1);
        var first = 0;
        foreach (var cut in cuts)
        {
            if (cut <= first || cut >= blockCount)
            {
                throw new ArgumentException($"Cut {cut} is not between {first + 1} and {blockCount - 1}: cuts ascend and lie inside the model's {blockCount} blocks.", nameof(cuts));
            }

            spans.Add(new BlockSpan(first, cut));
            first = cut;
        }

        spans.Add(new BlockSpan(first, blockCount));
        return spans;
    }

    /// <summary>Splits <c>[0, blockCount)</c> into <paramref name="parts"/> spans whose sizes differ by at most one.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Fewer blocks than parts, or no part.</exception>
    public static IReadOnlyList<BlockSpan> Split(int blockCount, int parts)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(parts, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(parts, blockCount);
        var spans = new List<BlockSpan>(parts);
        for (var i = 0; i < parts; i++)
        {
            spans.Add(new BlockSpan((int)((long)blockCount * i / parts), (int)((long)blockCount * (i + 1) / parts)));
        }

        return spans;
    }

    /// <summary>As people write it: <c>10..19</c>, both ends included.</summary>
    public override string ToString() => Count == 1 ? $"{First}" : $"{First}..{End - 1}";
}
