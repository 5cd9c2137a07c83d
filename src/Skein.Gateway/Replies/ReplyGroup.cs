using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Skein.Gateway.Replies;

/// <summary>The replies of one request, produced side by side.</summary>
internal sealed class ReplyGroup
{
    // Enough that a reply need not wait for each write; small enough that a slow reader holds a few tokens, not megabytes.
    private const int PiecesInFlight = 32;

    private readonly Reply[] _replies;

    public ReplyGroup(IEnumerable<ReplyRequest> requests, TimeProvider time)
    {
        _replies = [.. requests.Select(request => new Reply(request, time))];
    }

    public IReadOnlyList<Reply> Replies => _replies;

    /// <summary>Produces all replies; pieces come in the order they are ready. The first failure ends all of them, and so does ending the enumeration.</summary>
    public async IAsyncEnumerable<ReplyPiece> ProduceAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (_replies.Length == 1)
        {
            await foreach (var piece in _replies[0].ProduceAsync(cancellationToken))
            {
                yield return piece;
            }

            yield break;
        }

        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var pieces = Channel.CreateBounded<ReplyPiece>(new BoundedChannelOptions(PiecesInFlight) { SingleReader = true });
        var all = ProduceAllAsync(pieces.Writer, ended.Token);
        try
        {
            await foreach (var piece in pieces.Reader.ReadAllAsync(CancellationToken.None))
            {
                yield return piece;
            }
        }
        finally
        {
            await ended.CancelAsync();
            await all;
        }
    }

    // Never throws: what went wrong reaches the reader through the channel.
    private async Task ProduceAllAsync(ChannelWriter<ReplyPiece> pieces, CancellationToken cancellationToken)
    {
        using var failed = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Exception? failure = null;
        await Task.WhenAll(_replies.Select(async reply =>
        {
            try
            {
                await foreach (var piece in reply.ProduceAsync(failed.Token))
                {
                    await pieces.WriteAsync(piece, failed.Token);
                }
            }
            catch (Exception e)
            {
                // The first is the cause; the others were cancelled because of it.
                Interlocked.CompareExchange(ref failure, e, null);
                await failed.CancelAsync();
            }
        }));
        pieces.TryComplete(failure);
    }
}
