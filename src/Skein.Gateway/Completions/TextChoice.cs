using System.Text.Json.Serialization;
using Skein.Gateway.Replies;

namespace Skein.Gateway.Completions;

/// <summary>One reply, or the next part of it.</summary>
/// <param name="Index">Its place: prompt times <c>n</c>, plus the reply of that prompt.</param>
/// <param name="Text">The text, after the prompt if <c>echo</c> asks for it.</param>
/// <param name="Logprobs">Log probabilities of its tokens, if asked for.</param>
/// <param name="FinishReason"><c>stop</c>: the model or a stop string ended it; <c>length</c>: it reached the bound on tokens; in a stream <c>error</c> if it broke off. Null until it ends.</param>
/// <param name="XSkein">How it came about, if asked for.</param>
public sealed record TextChoice(
    int Index,
    string Text,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] TextLogprobs? Logprobs,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? FinishReason,
    ReplyDetails? XSkein = null);
