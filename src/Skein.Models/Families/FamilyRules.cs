using Skein.Gguf;

namespace Skein.Models;

/// <summary>What must be changed when a model of one architecture is cut into spans, so that a chain of stages computes what the whole model would. Data, immutable.</summary>
/// <remarks>
/// Rules follow from what llama.cpp's loader and graph of that architecture derive from a block's index, from the number of blocks, or do to any input.
/// A family stands in <see cref="ModelFamilies"/> only if its parity is tested.
/// </remarks>
public sealed record FamilyRules
{
    /// <summary>The key of <see cref="HasLeadingDenseBlocks"/>, without the architecture's prefix.</summary>
    public const string LeadingDenseKey = "leading_dense_block_count";

    /// <summary>Value of <c>general.architecture</c>.</summary>
    public required string Architecture { get; init; }

    /// <summary>Why models of this architecture cannot be served; null if they can.</summary>
    public string? Refusal { get; init; }

    /// <summary>Numbers of blocks that are refused, each with its reason: the loader derives arithmetic from them.</summary>
    public IReadOnlyDictionary<int, string> RefusedBlockCounts { get; init; } = new Dictionary<int, string>();

    /// <summary>Keys, without the architecture's prefix, that must be missing or 0: what they switch on depends on more than a span has. Each with its reason.</summary>
    public IReadOnlyDictionary<string, string> RefusedKeys { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Keys, without the architecture's prefix, to set wherever rows come in: in every span and in the head. The embedding keeps the model's own.</summary>
    public IReadOnlyDictionary<string, GgufValue> RowInputKeys { get; init; } = new Dictionary<string, GgufValue>(StringComparer.Ordinal);

    /// <summary>Keys, without the architecture's prefix, to set in every file if the model lacks them: the loader would guess them from the number of blocks.</summary>
    public IReadOnlyDictionary<string, GgufValue> MissingKeys { get; init; } = new Dictionary<string, GgufValue>(StringComparer.Ordinal);

    /// <summary>Whether the first blocks are dense and <see cref="LeadingDenseKey"/> says how many.</summary>
    public bool HasLeadingDenseBlocks { get; init; }

    /// <summary>Numbers of blocks that no file of a span may have: the loader takes it for another kind of model then. Such a span becomes two files.</summary>
    public IReadOnlySet<int> SplitBlockCounts { get; init; } = new HashSet<int>();

    /// <summary>What rows are multiplied by before they go into a stage.</summary>
    public RowScaling RowScaling { get; init; }

    /// <summary>Which blocks attend to a window only; null if the index of a block does not matter.</summary>
    public SlidingWindowRule? SlidingWindow { get; init; }

    /// <summary>Whether the loader demands <c>output.weight</c>.</summary>
    public bool NeedsOutputTensor { get; init; }

    /// <summary>Whether the loader wants attention as wide as the rows whatever the size of a head.</summary>
    public bool AttentionIsAsWideAsRows { get; init; }

    /// <summary>Spans must begin at multiples of this: the block's index matters in the graph and no key tells it.</summary>
    public int CutMultiple { get; init; } = 1;
}
