using Skein.Engine.Loading;

namespace Skein.Engine.Whole;

/// <summary>How a whole model is loaded.</summary>
public sealed record WholeModelOptions
{
    /// <summary>KV tokens over all sequences.</summary>
    public int Tokens { get; init; } = 2048;

    /// <summary>The most rows in one batch. Logits of every row are kept, so a large vocabulary times this is memory.</summary>
    public int MaxRows { get; init; } = 64;

    /// <summary>The most sequences.</summary>
    public int MaxSequences { get; init; } = 1;

    /// <summary>Threads of a computation; null for the default of the lanes.</summary>
    public int? Threads { get; init; }

    /// <summary>How keys and values are kept; null for q8_0 where the head size allows it.</summary>
    public KvCacheType? KvType { get; init; }
}
