using System.Text.Json.Serialization;

namespace Skein.Gateway.Chat;

/// <summary>What the assistant says.</summary>
/// <param name="Content">The text.</param>
public sealed record ChatReplyMessage(string Content)
{
    /// <summary>Always <c>assistant</c>.</summary>
    public string Role { get; } = "assistant";

    /// <summary>Always null: what a model will not say, it says as text.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Refusal { get; }
}
