using Skein.Engine.Lanes;
using Skein.Engine.Loading;

namespace Skein.Engine.Stages;

/// <summary>How a stage is hosted.</summary>
public sealed record EngineStageOptions
{
    /// <summary>KV tokens over all sequences; memory for all of them is taken at once. 8,192 is four chats of 2,048.</summary>
    public int KvTokenBudget { get; init; } = 8192;

    /// <summary>The most sequences at a time, 1 to 128. Beyond some tens a batch no longer gains on CPUs.</summary>
    public int MaxSequences { get; init; } = 32;

    /// <summary>The most rows in one step, 1 to 1,024. A chunk of 256 rows keeps other users waiting for less than a second on two slow cores.</summary>
    public int MaxStepRows { get; init; } = 256;

    /// <summary>The longest sequence; 0 is the model's context, at most <see cref="KvTokenBudget"/>.</summary>
    public int MaxSequenceTokens { get; init; }

    /// <summary>How keys and values are kept; null for q8_0 where the head size allows it (ADR 2).</summary>
    public KvCacheType? KvType { get; init; }

    /// <summary>The threads that compute; null for the process's own.</summary>
    public ComputeLanes? Lanes { get; init; }

    /// <summary>Throws for the first value out of range.</summary>
    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(KvTokenBudget, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(KvTokenBudget, 1 << 24);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxSequences, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxSequences, 128);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxStepRows, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxStepRows, 1024);
        ArgumentOutOfRangeException.ThrowIfNegative(MaxSequenceTokens);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxSequenceTokens, KvTokenBudget);
    }
}
