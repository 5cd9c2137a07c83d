using Skein.Gateway.Replies;

namespace Skein.Gateway.Chat;

/// <summary>The whole answer to a chat request.</summary>
/// <param name="Id">Names the request.</param>
/// <param name="Created">When it was answered, in seconds since 1970.</param>
/// <param name="Model">Who answered.</param>
/// <param name="Choices">The replies, as many as <c>n</c> asked for.</param>
/// <param name="Usage">What they cost.</param>
public sealed record ChatCompletion(string Id, long Created, string Model, IReadOnlyList<ChatChoice> Choices, Usage Usage)
{
    /// <summary>Always <c>chat.completion</c>.</summary>
    public string Object { get; } = "chat.completion";
}
