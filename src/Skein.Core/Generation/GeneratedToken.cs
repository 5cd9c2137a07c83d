namespace Skein.Core.Generation;

/// <summary>One token of a reply.</summary>
/// <param name="Id">The token.</param>
/// <param name="IsEnd">Whether the model ended the reply with it: it is not part of the text.</param>
/// <param name="Logprob">Natural log of its probability under the model's own distribution (before temperature, penalties and bias); null unless asked for.</param>
/// <param name="Top">The likeliest tokens, likeliest first; empty unless asked for.</param>
public sealed record GeneratedToken(int Id, bool IsEnd, float? Logprob, IReadOnlyList<TokenLogprob> Top);
