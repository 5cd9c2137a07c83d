using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Skein.Gateway.Requests;

namespace Skein.Gateway.Chat;

/// <summary>A conversation to continue. Fields that are not listed are ignored.</summary>
public sealed record ChatCompletionRequest : SamplingRequest
{
    /// <summary>The conversation so far.</summary>
    public required IReadOnlyList<ChatMessage> Messages { get; init; }

    /// <summary>The most tokens of a reply; default 1024, or what the context leaves.</summary>
    [Range(1, int.MaxValue)]
    public int? MaxCompletionTokens { get; init; }

    /// <summary>Whether to give log probabilities of the reply's tokens.</summary>
    public bool? Logprobs { get; init; }

    /// <summary>How many of the likeliest tokens to give at each place, 0 to 20; needs <c>logprobs</c>.</summary>
    [Range(0, 20)]
    public int? TopLogprobs { get; init; }

    /// <summary>Functions that the model's template shows it. What the model writes to call one comes back as text.</summary>
    public IReadOnlyList<JsonElement>? Tools { get; init; }

    /// <summary><c>auto</c> (default) or <c>none</c>.</summary>
    public string? ToolChoice { get; init; }
}
