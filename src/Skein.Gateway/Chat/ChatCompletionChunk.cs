using Skein.Gateway.Errors;
using Skein.Gateway.Replies;

namespace Skein.Gateway.Chat;

/// <summary>One event of a streamed chat.</summary>
/// <param name="Id">Names the request; the same in all events.</param>
/// <param name="Created">When it was answered, in seconds since 1970.</param>
/// <param name="Model">Who answers.</param>
/// <param name="Choices">The next part of a reply; empty in the event that carries the usage.</param>
/// <param name="Usage">What the request cost: only in the last event, and only if <c>stream_options.include_usage</c> asks.</param>
/// <param name="Error">Why the stream broke off: then it is the last event, and no <c>[DONE]</c> follows.</param>
public sealed record ChatCompletionChunk(string Id, long Created, string Model, IReadOnlyList<ChatChunkChoice> Choices, Usage? Usage = null, ApiError? Error = null)
{
    /// <summary>Always <c>chat.completion.chunk</c>.</summary>
    public string Object { get; } = "chat.completion.chunk";
}
