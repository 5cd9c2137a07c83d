using System.Runtime.CompilerServices;
using Skein.Core.Generation;
using Skein.Engine.Text;
using Skein.Gateway.Errors;

namespace Skein.Gateway.Replies;

/// <summary>One reply while it is produced: tokens become text, stop strings end it. One reader; not thread-safe.</summary>
internal sealed class Reply(ReplyRequest request, TimeProvider time)
{
    private readonly Utf8Detokenizer _detokenizer = new();
    private readonly StopMatcher _stops = new(request.Stops);
    private readonly List<ReplyToken> _held = [];
    private readonly List<int> _tokenIds = [];
    private int _decoded = request.Echo.Length;
    private int _given = request.Echo.Length;

    public ReplyRequest Request => request;

    public int Index => request.Index;

    /// <summary>What it cost; complete when it ended.</summary>
    public GenerationReport Report { get; } = new();

    /// <summary>Tokens so far, without the one by which the model ended the reply.</summary>
    public IReadOnlyList<int> TokenIds => _tokenIds;

    /// <summary>Tokens produced so far, the one that ended it included.</summary>
    public int ProducedTokens { get; private set; }

    /// <summary>From the start to the first token; null before it.</summary>
    public TimeSpan? TimeToFirstToken { get; private set; }

    /// <summary>Produces the reply. Ending the enumeration early stops the work.</summary>
    /// <exception cref="ApiException">The generator ended without saying why: a truncated reply is an error, never "stop".</exception>
    public async IAsyncEnumerable<ReplyPiece> ProduceAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var ended = false;
        var last = string.Empty;
        await foreach (var token in request.Model.Generator.GenerateAsync(request.Generation, Report, cancellationToken))
        {
            TimeToFirstToken ??= time.GetElapsedTime(started);
            ProducedTokens++;
            if (token.IsEnd)
            {
                ended = true;
                continue;
            }

            var text = Take(token);
            if (_stops.IsStopped)
            {
                // Leaving the loop ends the generator's work; only then is the report complete.
                last = text;
                break;
            }

            var tokens = Release();
            if (text.Length > 0 || tokens.Count > 0)
            {
                yield return new ReplyPiece(this, text, tokens, null);
            }
        }

        if (_stops.IsStopped)
        {
            yield return new ReplyPiece(this, last, Release(), FinishReason.Stop);
            yield break;
        }

        if (!ended && ProducedTokens < request.Generation.MaxTokens)
        {
            throw new ApiException(
                StatusCodes.Status500InternalServerError,
                new ApiError("The reply broke off before it was complete. Try again.", "server_error", null, "reply_truncated"));
        }

        last = Flush();
        yield return new ReplyPiece(this, last, _stops.IsStopped ? Release() : ReleaseAll(), ended || _stops.IsStopped ? FinishReason.Stop : FinishReason.Length);
    }

    private string Take(GeneratedToken token)
    {
        _tokenIds.Add(token.Id);
        _held.Add(new ReplyToken(token.Id, token.Logprob, token.Top, _decoded));
        var text = _detokenizer.Append(request.Model.Tokenizer.TokenBytes(token.Id).Span);
        _decoded += text.Length;
        var certain = _stops.Append(text);
        _given += certain.Length;
        return certain;
    }

    // An unfinished character becomes U+FFFD, which could still complete a stop string.
    private string Flush()
    {
        var text = _stops.Append(_detokenizer.Flush());
        text = _stops.IsStopped ? text : text + _stops.Flush();
        _given += text.Length;
        return text;
    }

    // A token goes out when its text begins to: one that waits for the rest of a character or of a stop string waits too.
    private List<ReplyToken> Release()
    {
        var waiting = _held.FindIndex(token => token.TextOffset >= _given);
        var released = _held.GetRange(0, waiting < 0 ? _held.Count : waiting);
        _held.RemoveRange(0, released.Count);
        return released;
    }

    private List<ReplyToken> ReleaseAll()
    {
        var released = _held.GetRange(0, _held.Count);
        _held.Clear();
        return released;
    }
}
