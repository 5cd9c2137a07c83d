using Skein.Core.Generation;

namespace Skein.Gateway.Replies;

/// <summary>A token whose text has been given out, with the log probabilities that were asked for.</summary>
/// <param name="Id">The token.</param>
/// <param name="Logprob">Natural log of its probability; null unless asked for.</param>
/// <param name="Top">The likeliest tokens, likeliest first.</param>
/// <param name="TextOffset">UTF-16 units of the reply before it.</param>
internal sealed record ReplyToken(int Id, float? Logprob, IReadOnlyList<TokenLogprob> Top, int TextOffset);
