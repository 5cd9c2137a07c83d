namespace Skein.Gateway.Chat;

/// <summary>A token and how likely it was.</summary>
/// <param name="Token">Its text; a part of a character shows as U+FFFD.</param>
/// <param name="Logprob">Natural log of its probability; -9999 for one that is next to impossible.</param>
/// <param name="Bytes">Its UTF-8 bytes: join those of several tokens to get a character that is spread over them.</param>
/// <param name="TopLogprobs">The likeliest tokens at its place, likeliest first.</param>
public sealed record ChatTokenLogprob(string Token, float Logprob, IReadOnlyList<int> Bytes, IReadOnlyList<ChatTopLogprob> TopLogprobs);
