namespace Skein.Gateway.Completions;

/// <summary>Log probabilities of a reply's tokens, one a token in each list.</summary>
/// <param name="Tokens">Text of each; a part of a character shows as U+FFFD.</param>
/// <param name="TokenLogprobs">Natural log of each one's probability.</param>
/// <param name="TopLogprobs">The likeliest tokens at each place.</param>
/// <param name="TextOffset">Where each begins in the reply's text, in UTF-16 units.</param>
public sealed record TextLogprobs(
    IReadOnlyList<string> Tokens,
    IReadOnlyList<float> TokenLogprobs,
    IReadOnlyList<IReadOnlyDictionary<string, float>> TopLogprobs,
    IReadOnlyList<int> TextOffset);
