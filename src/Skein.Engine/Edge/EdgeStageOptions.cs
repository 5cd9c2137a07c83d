using Skein.Engine.Lanes;

namespace Skein.Engine.Edge;

/// <summary>How embedding and head are hosted.</summary>
public sealed record EdgeStageOptions
{
    /// <summary>Tokens embedded in one batch. A prompt's chunk is not larger.</summary>
    public int EmbeddingRows { get; init; } = 256;

    /// <summary>Rows in one batch of the head: each costs a vocabulary of logits (1 MiB with 262,144 tokens).</summary>
    public int HeadRows { get; init; } = 32;

    /// <summary>Requests that may wait. One reply has one at a time, so this is far above what a gateway admits.</summary>
    public int MaxQueued { get; init; } = 1024;

    /// <summary>The threads that compute; null for the process's own.</summary>
    public ComputeLanes? Lanes { get; init; }

    /// <summary>Throws for the first value out of range.</summary>
    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(EmbeddingRows, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(EmbeddingRows, 1024);
        ArgumentOutOfRangeException.ThrowIfLessThan(HeadRows, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(HeadRows, 1024);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxQueued, 1);
    }
}
