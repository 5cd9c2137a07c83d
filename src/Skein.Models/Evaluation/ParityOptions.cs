using Skein.Engine.Lanes;
using Skein.Engine.Loading;

namespace Skein.Models.Evaluation;

/// <summary>What <see cref="ParityRunner"/> measures.</summary>
public sealed record ParityOptions
{
    /// <summary>Where to cut, ascending.</summary>
    public IReadOnlyList<int> Cuts { get; init; } = [];

    /// <summary>Codecs of the hops.</summary>
    public IReadOnlyList<HopCodec> Codecs { get; init; } = [HopCodec.F32, HopCodec.F16];

    /// <summary>Rows a step; each is compared with 1.</summary>
    public IReadOnlyList<int> Widths { get; init; } = [1, 2, 5, 16];

    /// <summary>Sequences a batch; each sequence is compared with itself alone.</summary>
    public IReadOnlyList<int> Sequences { get; init; } = [2, 8];

    /// <summary>Positions of the prefill, 1 to 256; fewer if the vocabulary makes fewer of the text.</summary>
    public int PromptTokens { get; init; } = 128;

    /// <summary>Positions after it, one at a time.</summary>
    public int DecodeSteps { get; init; } = 64;

    /// <summary>How keys and values are kept; null for the default.</summary>
    public KvCacheType? KvType { get; init; }

    /// <summary>The threads that compute; null for the process's own.</summary>
    public ComputeLanes? Lanes { get; init; }
}
