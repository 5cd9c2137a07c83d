using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Skein.Gateway.Requests;

namespace Skein.Gateway.Completions;

/// <summary>Text to continue. Fields that are not listed are ignored.</summary>
public sealed record TextCompletionRequest : SamplingRequest
{
    /// <summary>A string, token ids, or a list of either.</summary>
    public required JsonElement Prompt { get; init; }

    /// <summary>How many of the likeliest tokens to give at each place, 0 to 5.</summary>
    [Range(0, 5)]
    public int? Logprobs { get; init; }

    /// <summary>Whether to give the prompt before the reply; not together with <c>logprobs</c>.</summary>
    public bool? Echo { get; init; }

    /// <summary>Only what <c>n</c> says.</summary>
    public int? BestOf { get; init; }
}
