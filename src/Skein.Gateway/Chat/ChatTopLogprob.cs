namespace Skein.Gateway.Chat;

/// <summary>One of the likeliest tokens.</summary>
/// <param name="Token">Its text; a part of a character shows as U+FFFD.</param>
/// <param name="Logprob">Natural log of its probability; -9999 for one that is next to impossible.</param>
/// <param name="Bytes">Its UTF-8 bytes.</param>
public sealed record ChatTopLogprob(string Token, float Logprob, IReadOnlyList<int> Bytes);
