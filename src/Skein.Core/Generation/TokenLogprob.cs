namespace Skein.Core.Generation;

/// <summary>A token and the natural log of its probability.</summary>
/// <param name="Id">The token.</param>
/// <param name="Logprob">At most 0.</param>
public readonly record struct TokenLogprob(int Id, float Logprob);
