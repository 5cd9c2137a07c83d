namespace Skein.Core.Generation;

/// <summary>One reply to produce.</summary>
public sealed record GenerationRequest
{
    /// <summary>The prompt, as token ids; at least one.</summary>
    public required ReadOnlyMemory<int> Prompt { get; init; }

    /// <summary>The most tokens to produce; at least one. Prompt and reply together must fit the context.</summary>
    public required int MaxTokens { get; init; }

    /// <summary>How to choose tokens.</summary>
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>Whether to report the log probability of each token, and of how many of the likeliest (0 to 20); null reports none.</summary>
    public int? TopLogprobs { get; init; }
}
