using System.Text.Json;
using Skein.Core.Text;
using Skein.Gateway.Errors;
using Skein.Gateway.Replies;

namespace Skein.Gateway.Chat;

/// <summary>Writes the replies of one chat request.</summary>
internal sealed class ChatFormat(string id, DateTimeOffset created, string model, ITokenizer tokenizer, bool logprobs) : IReplyFormat
{
    /// <inheritdoc/>
    public void WriteBegin(EventStream events, Reply reply)
        => Write(events, new ChatChunkChoice(reply.Index, new ChatDelta("assistant", string.Empty), null, null));

    /// <inheritdoc/>
    public void WritePiece(EventStream events, ReplyPiece piece, ReplyDetails? details)
    {
        if (piece.Text.Length > 0 || piece.Tokens.Count > 0)
        {
            Write(events, new ChatChunkChoice(piece.Reply.Index, new ChatDelta(Content: piece.Text), Logprobs(piece.Tokens), null));
        }

        if (piece.FinishReason is { } reason)
        {
            Write(events, new ChatChunkChoice(piece.Reply.Index, new ChatDelta(), null, reason, details));
        }
    }

    /// <inheritdoc/>
    public void WriteUsage(EventStream events, Usage usage) => events.Write(Chunk([], usage), GatewayJson.Default.ChatCompletionChunk);

    /// <inheritdoc/>
    public void WriteError(EventStream events, IReadOnlyList<int> unfinished, ApiError error)
        => events.Write(
            Chunk([.. unfinished.Select(index => new ChatChunkChoice(index, new ChatDelta(), null, FinishReason.Error))], error: error),
            GatewayJson.Default.ChatCompletionChunk);

    /// <inheritdoc/>
    public void WriteWhole(Utf8JsonWriter json, IReadOnlyList<ReplyResult> results, Usage usage, bool details)
    {
        ChatChoice[] choices =
        [
            .. results.Select(result => new ChatChoice(
                result.Reply.Index,
                new ChatReplyMessage(result.Text),
                Logprobs(result.Tokens),
                result.FinishReason!,
                details ? ReplyDetails.Of(result.Reply) : null)),
        ];
        JsonSerializer.Serialize(json, new ChatCompletion(id, created.ToUnixTimeSeconds(), model, choices, usage), GatewayJson.Default.ChatCompletion);
    }

    private void Write(EventStream events, ChatChunkChoice choice) => events.Write(Chunk([choice]), GatewayJson.Default.ChatCompletionChunk);

    private ChatCompletionChunk Chunk(IReadOnlyList<ChatChunkChoice> choices, Usage? usage = null, ApiError? error = null)
        => new(id, created.ToUnixTimeSeconds(), model, choices, usage, error);

    private ChatLogprobs? Logprobs(IReadOnlyList<ReplyToken> tokens)
        => logprobs
            ? new ChatLogprobs(
            [
                .. tokens.Select(token => new ChatTokenLogprob(
                    TokenText.Of(tokenizer, token.Id),
                    TokenText.Logprob(token.Logprob),
                    TokenText.Bytes(tokenizer, token.Id),
                    [.. token.Top.Select(top => new ChatTopLogprob(TokenText.Of(tokenizer, top.Id), TokenText.Logprob(top.Logprob), TokenText.Bytes(tokenizer, top.Id)))])),
            ])
            : null;
}
