namespace Skein.Core.Generation;

/// <summary>What a reply cost, filled by the generator. Read it after the reply ended; not thread-safe before.</summary>
public sealed class GenerationReport
{
    /// <summary>Tokens of the prompt.</summary>
    public int PromptTokens { get; set; }

    /// <summary>Tokens produced, the ending one included.</summary>
    public int GeneratedTokens { get; set; }

    /// <summary>From the request to the first token.</summary>
    public TimeSpan TimeToFirstToken { get; set; }

    /// <summary>From the first token to the last.</summary>
    public TimeSpan DecodeTime { get; set; }

    /// <summary>The chain that answered, first stage first.</summary>
    public IReadOnlyList<StageUsage> Stages { get; set; } = [];

    /// <summary>Round trip from the coordinator to the first stage; null if it was not measured.</summary>
    public TimeSpan? FirstHopRoundTrip { get; set; }

    /// <summary>Tokens after the first per second of <see cref="DecodeTime"/>; 0 for a reply of one token.</summary>
    public double TokensPerSecond => DecodeTime > TimeSpan.Zero && GeneratedTokens > 1 ? (GeneratedTokens - 1) / DecodeTime.TotalSeconds : 0;
}
