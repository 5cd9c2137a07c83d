namespace Skein.Gateway.Chat;

/// <summary>Log probabilities of a reply's tokens.</summary>
/// <param name="Content">One a token of the text.</param>
public sealed record ChatLogprobs(IReadOnlyList<ChatTokenLogprob> Content);
