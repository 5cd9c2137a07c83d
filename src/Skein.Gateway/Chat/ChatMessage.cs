using System.Text.Json;

namespace Skein.Gateway.Chat;

/// <summary>One message of a conversation.</summary>
public sealed record ChatMessage
{
    /// <summary><c>system</c>, <c>developer</c> (the same), <c>user</c>, <c>assistant</c> or <c>tool</c>.</summary>
    public required string Role { get; init; }

    /// <summary>The text: a string, or a list of parts of the type <c>text</c>, which are joined by line breaks.</summary>
    public JsonElement? Content { get; init; }

    /// <summary>Who speaks, where the template tells people apart.</summary>
    public string? Name { get; init; }

    /// <summary>The calls that the assistant made in this message.</summary>
    public IReadOnlyList<JsonElement>? ToolCalls { get; init; }

    /// <summary>Which call a message of the role <c>tool</c> answers.</summary>
    public string? ToolCallId { get; init; }
}
