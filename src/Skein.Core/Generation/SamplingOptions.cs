namespace Skein.Core.Generation;

/// <summary>How the next token is chosen from logits. Defaults change nothing: plain sampling at temperature 1.</summary>
public sealed record SamplingOptions
{
    /// <summary>0 takes the likeliest token (greedy); otherwise logits are divided by it. 0 to 2.</summary>
    public float Temperature { get; init; } = 1f;

    /// <summary>Keeps the likeliest tokens; 0 keeps all.</summary>
    public int TopK { get; init; }

    /// <summary>Keeps the smallest set whose probability reaches this; 1 keeps all.</summary>
    public float TopP { get; init; } = 1f;

    /// <summary>Drops tokens less likely than this share of the likeliest; 0 keeps all.</summary>
    public float MinP { get; init; }

    /// <summary>Divides the logits of tokens seen among the last <see cref="PenaltyWindow"/>; 1 leaves them.</summary>
    public float RepetitionPenalty { get; init; } = 1f;

    /// <summary>Subtracted once per time a token was generated. -2 to 2.</summary>
    public float FrequencyPenalty { get; init; }

    /// <summary>Subtracted once from tokens that were generated at all. -2 to 2.</summary>
    public float PresencePenalty { get; init; }

    /// <summary>How many tokens back penalties look; -1 is the whole context.</summary>
    public int PenaltyWindow { get; init; } = -1;

    /// <summary>Added to the logits of tokens, -100 to 100.</summary>
    public IReadOnlyDictionary<int, float> LogitBias { get; init; } = new Dictionary<int, float>();

    /// <summary>A GBNF grammar that the reply must follow, rooted at <c>root</c>.</summary>
    public string? Grammar { get; init; }

    /// <summary>Same seed, same logits: same tokens.</summary>
    public ulong Seed { get; init; }

    /// <summary>Whether the likeliest token is always taken.</summary>
    public bool IsGreedy => Temperature <= 0f;
}
