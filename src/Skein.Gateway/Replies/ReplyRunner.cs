using System.Text.Json;
using Microsoft.Extensions.Logging;
using Skein.Gateway.Errors;
using Skein.Gateway.Hosting;
using Skein.Gateway.Telemetry;

namespace Skein.Gateway.Replies;

/// <summary>Waits for a place, produces the replies of a request and writes them. Thread-safe.</summary>
internal sealed class ReplyRunner(GatewayOptions options, AdmissionGate gate, GatewayMetrics metrics, TimeProvider time, ILogger<ReplyRunner> logger)
{
    /// <summary>Answers one request. When the client leaves, the work stops in every stage.</summary>
    /// <exception cref="ApiException">Before the response began: what to answer.</exception>
    /// <exception cref="ClientGoneException">Nobody receives the answer any more.</exception>
    public async Task RunAsync(HttpContext context, ReplyJob job)
    {
        using var overdue = new CancellationTokenSource(options.ReplyTimeout, time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, overdue.Token);
        try
        {
            using var place = await gate.WaitAsync(job.Replies.Count, ended.Token);
            var group = new ReplyGroup(job.Replies, time);
            metrics.Begin(group);
            try
            {
                await (job.Stream ? StreamAsync(context, job, group, overdue.Token, ended.Token) : AnswerAsync(context, job, group, ended.Token));
            }
            finally
            {
                metrics.End(job, group);
            }
        }
        catch (OperationCanceledException e) when (context.RequestAborted.IsCancellationRequested)
        {
            throw new ClientGoneException("The client left.", e);
        }
        catch (OperationCanceledException e) when (overdue.IsCancellationRequested)
        {
            throw Overdue(e);
        }
    }

    private async Task AnswerAsync(HttpContext context, ReplyJob job, ReplyGroup group, CancellationToken cancellationToken)
    {
        var results = group.Replies.Select(reply => new ReplyResult(reply)).ToArray();
        await foreach (var piece in group.ProduceAsync(cancellationToken))
        {
            results[piece.Reply.Index].Add(piece);
        }

        context.Response.ContentType = "application/json; charset=utf-8";
        await using (var json = new Utf8JsonWriter(context.Response.BodyWriter, GatewayJson.WriterOptions))
        {
            job.Format.WriteWhole(json, results, Usage.Of(job.PromptTokens, group.Replies), job.Details);
        }

        await BoundedFlush.FlushAsync(context, options.WriteTimeout, time, cancellationToken);
    }

    private async Task StreamAsync(HttpContext context, ReplyJob job, ReplyGroup group, CancellationToken overdue, CancellationToken cancellationToken)
    {
        await using var pieces = group.ProduceAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);

        // What fails before the first piece is answered with a status of its own.
        var more = await pieces.MoveNextAsync();
        await using var events = new EventStream(context, options.WriteTimeout, time);
        var begun = new bool[group.Replies.Count];
        var finished = new bool[group.Replies.Count];
        try
        {
            for (; more; more = await pieces.MoveNextAsync())
            {
                var piece = pieces.Current;
                if (!begun[piece.Reply.Index])
                {
                    begun[piece.Reply.Index] = true;
                    job.Format.WriteBegin(events, piece.Reply);
                }

                finished[piece.Reply.Index] = piece.FinishReason is not null;
                job.Format.WritePiece(events, piece, job.Details && piece.FinishReason is not null ? ReplyDetails.Of(piece.Reply) : null);
                await events.FlushAsync(cancellationToken);
            }

            if (job.IncludeUsage)
            {
                job.Format.WriteUsage(events, Usage.Of(job.PromptTokens, group.Replies));
            }

            events.WriteDone();
            await events.FlushAsync(cancellationToken);
        }
        catch (Exception e) when (e is not ClientGoneException && !context.RequestAborted.IsCancellationRequested)
        {
            var failure = e is OperationCanceledException && overdue.IsCancellationRequested ? Overdue(e) : Failures.From(e);
            GatewayLog.StreamBroke(logger, job.Model.Name, failure.Error.Code, failure.Status == StatusCodes.Status500InternalServerError ? e : null);
            metrics.Failed(failure);
            int[] unfinished = [.. Enumerable.Range(0, finished.Length).Where(index => !finished[index])];

            // No [DONE] after it: the stream is not complete, and no client may take it for that.
            job.Format.WriteError(events, unfinished, failure.Error);
            await events.FlushAsync(context.RequestAborted);
        }
    }

    private static ApiException Overdue(Exception inner)
        => new(StatusCodes.Status504GatewayTimeout, new ApiError("The reply took too long and was stopped. Ask for fewer tokens.", "server_error", null, "reply_timeout"), inner: inner);
}
