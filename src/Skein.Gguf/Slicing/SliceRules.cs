namespace Skein.Gguf;

/// <summary>What an architecture needs beyond the general recipe when a stage is cut out of it. Data: the families are known elsewhere. Immutable.</summary>
public sealed record SliceRules
{
    /// <summary>The general recipe alone, which is right for llama, mistral, qwen2, qwen3 and their mixtures.</summary>
    public static SliceRules None { get; } = new();

    /// <summary>Keys to set in the stage, after every other change; they add or override.</summary>
    public IReadOnlyList<KeyValuePair<string, GgufValue>> Metadata { get; init; } = [];

    /// <summary>Whether the architecture's loader demands <c>output.weight</c> (olmo2): a span of blocks then gets one of zeros.</summary>
    public bool NeedsOutputTensor { get; init; }

    /// <summary>Whether the loader wants attention as wide as the rows whatever the size of a head: the edge's identity block then keeps its heads.</summary>
    public bool KeepsHeads { get; init; }
}
