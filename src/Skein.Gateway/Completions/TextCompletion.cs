using Skein.Gateway.Errors;
using Skein.Gateway.Replies;

namespace Skein.Gateway.Completions;

/// <summary>The answer to a completion request: the whole of it, or one event of a stream.</summary>
/// <param name="Id">Names the request; the same in all events.</param>
/// <param name="Created">When it was answered, in seconds since 1970.</param>
/// <param name="Model">Who answered.</param>
/// <param name="Choices">The replies: first all of the first prompt, then all of the second. In a stream, the next part of one.</param>
/// <param name="Usage">What the request cost; in a stream only in the last event, and only if <c>stream_options.include_usage</c> asks.</param>
/// <param name="Error">In a stream: why it broke off. Then it is the last event, and no <c>[DONE]</c> follows.</param>
public sealed record TextCompletion(string Id, long Created, string Model, IReadOnlyList<TextChoice> Choices, Usage? Usage = null, ApiError? Error = null)
{
    /// <summary>Always <c>text_completion</c>.</summary>
    public string Object { get; } = "text_completion";
}
