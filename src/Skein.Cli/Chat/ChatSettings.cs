namespace Skein.Cli.Chat;

/// <summary>How replies are made.</summary>
internal sealed record ChatSettings
{
    /// <summary>Given unless the user gives another: SmolLM2's own default confuses its small quantised form.</summary>
    public const string DefaultSystemPrompt = "You are a helpful assistant.";

    /// <summary>What SmolLM2's authors recommend; small models wander at higher ones.</summary>
    public const float DefaultTemperature = 0.2f;

    /// <summary>The longest reply that can be asked for: more than any model's context.</summary>
    public const int MostTokens = 1 << 20;

    /// <summary>0 is greedy.</summary>
    public float Temperature { get; init; } = DefaultTemperature;

    /// <summary>The longest reply, in tokens.</summary>
    public int MaxTokens { get; init; } = 512;

    /// <summary>Null draws one.</summary>
    public long? Seed { get; init; }

    /// <summary>The system prompt; empty sends none.</summary>
    public string System { get; init; } = DefaultSystemPrompt;
}
