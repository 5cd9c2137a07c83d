using System.Text.Json.Serialization;
using Skein.Gateway.Replies;

namespace Skein.Gateway.Chat;

/// <summary>One reply.</summary>
/// <param name="Index">Its place among the replies.</param>
/// <param name="Message">What the assistant says.</param>
/// <param name="Logprobs">Log probabilities of its tokens, if asked for.</param>
/// <param name="FinishReason"><c>stop</c>: the model or a stop string ended it; <c>length</c>: it reached the bound on tokens.</param>
/// <param name="XSkein">How it came about, if asked for.</param>
public sealed record ChatChoice(
    int Index,
    ChatReplyMessage Message,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] ChatLogprobs? Logprobs,
    string FinishReason,
    ReplyDetails? XSkein = null);
