using System.Text.Json.Serialization;
using Skein.Gateway.Replies;

namespace Skein.Gateway.Chat;

/// <summary>The next part of one reply.</summary>
/// <param name="Index">The reply's place.</param>
/// <param name="Delta">What is added.</param>
/// <param name="Logprobs">Log probabilities of the tokens added, if asked for.</param>
/// <param name="FinishReason">In the reply's last part: why it ended. <c>error</c> if it broke off.</param>
/// <param name="XSkein">In the reply's last part, if asked for: how it came about.</param>
public sealed record ChatChunkChoice(
    int Index,
    ChatDelta Delta,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] ChatLogprobs? Logprobs,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? FinishReason,
    ReplyDetails? XSkein = null);
