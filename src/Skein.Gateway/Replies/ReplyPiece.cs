namespace Skein.Gateway.Replies;

/// <summary>The next part of one reply.</summary>
/// <param name="Reply">The reply it belongs to.</param>
/// <param name="Text">Text that is certain now; may be empty.</param>
/// <param name="Tokens">The tokens whose text has begun to be given out with it.</param>
/// <param name="FinishReason">Set in the last piece, and only there.</param>
internal sealed record ReplyPiece(Reply Reply, string Text, IReadOnlyList<ReplyToken> Tokens, string? FinishReason);
