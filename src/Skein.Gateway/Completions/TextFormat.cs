using System.Text.Json;
using Skein.Core.Generation;
using Skein.Core.Text;
using Skein.Gateway.Errors;
using Skein.Gateway.Replies;

namespace Skein.Gateway.Completions;

/// <summary>Writes the replies of one completion request.</summary>
internal sealed class TextFormat(string id, DateTimeOffset created, string model, ITokenizer tokenizer, bool logprobs) : IReplyFormat
{
    /// <inheritdoc/>
    public void WriteBegin(EventStream events, Reply reply)
    {
        if (reply.Request.Echo.Length > 0)
        {
            Write(events, new TextChoice(reply.Index, reply.Request.Echo, null, null));
        }
    }

    /// <inheritdoc/>
    public void WritePiece(EventStream events, ReplyPiece piece, ReplyDetails? details)
        => Write(events, new TextChoice(piece.Reply.Index, piece.Text, Logprobs(piece.Tokens), piece.FinishReason, details));

    /// <inheritdoc/>
    public void WriteUsage(EventStream events, Usage usage) => events.Write(Completion([], usage), GatewayJson.Default.TextCompletion);

    /// <inheritdoc/>
    public void WriteError(EventStream events, IReadOnlyList<int> unfinished, ApiError error)
        => events.Write(
            Completion([.. unfinished.Select(index => new TextChoice(index, string.Empty, null, FinishReason.Error))], error: error),
            GatewayJson.Default.TextCompletion);

    /// <inheritdoc/>
    public void WriteWhole(Utf8JsonWriter json, IReadOnlyList<ReplyResult> results, Usage usage, bool details)
    {
        TextChoice[] choices =
        [
            .. results.Select(result => new TextChoice(result.Reply.Index, result.Text, Logprobs(result.Tokens), result.FinishReason, details ? ReplyDetails.Of(result.Reply) : null)),
        ];
        JsonSerializer.Serialize(json, Completion(choices, usage), GatewayJson.Default.TextCompletion);
    }

    private void Write(EventStream events, TextChoice choice) => events.Write(Completion([choice]), GatewayJson.Default.TextCompletion);

    private TextCompletion Completion(IReadOnlyList<TextChoice> choices, Usage? usage = null, ApiError? error = null)
        => new(id, created.ToUnixTimeSeconds(), model, choices, usage, error);

    private TextLogprobs? Logprobs(IReadOnlyList<ReplyToken> tokens)
        => logprobs
            ? new TextLogprobs(
                [.. tokens.Select(token => TokenText.Of(tokenizer, token.Id))],
                [.. tokens.Select(token => TokenText.Logprob(token.Logprob))],
                [.. tokens.Select(token => Top(token.Top))],
                [.. tokens.Select(token => token.TextOffset)])
            : null;

    // Tokens may have one text (parts of characters): the likeliest stands for it.
    private Dictionary<string, float> Top(IReadOnlyList<TokenLogprob> likeliest)
    {
        var top = new Dictionary<string, float>(StringComparer.Ordinal);
        foreach (var token in likeliest)
        {
            top.TryAdd(TokenText.Of(tokenizer, token.Id), TokenText.Logprob(token.Logprob));
        }

        return top;
    }
}
