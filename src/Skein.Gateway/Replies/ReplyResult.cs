using System.Text;

namespace Skein.Gateway.Replies;

/// <summary>A whole reply.</summary>
/// <param name="Reply">The reply.</param>
internal sealed record ReplyResult(Reply Reply)
{
    private readonly StringBuilder _text = new(Reply.Request.Echo);
    private readonly List<ReplyToken> _tokens = [];

    public string Text => _text.ToString();

    public IReadOnlyList<ReplyToken> Tokens => _tokens;

    public string? FinishReason { get; private set; }

    public void Add(ReplyPiece piece)
    {
        _text.Append(piece.Text);
        _tokens.AddRange(piece.Tokens);
        FinishReason ??= piece.FinishReason;
    }
}
