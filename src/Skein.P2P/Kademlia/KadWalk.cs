using Skein.P2P.Errors;
using Skein.P2P.Identity;

namespace Skein.P2P.Kademlia;

/// <summary>Carries one lookup out over the network.</summary>
internal sealed class KadWalk(PeerId self, KadClient client, KadTable table, KademliaOptions options, TimeProvider time)
{
    /// <summary>Walks towards a key, asking the same of every peer on the way.</summary>
    /// <param name="request">What to ask; its key is the point.</param>
    /// <param name="onAnswer">Sees each answer, one at a time; true ends the walk.</param>
    /// <param name="cancellationToken">Ends the walk; requests under way are given up.</param>
    /// <returns>The nearest peers that answered, nearest first.</returns>
    public async Task<IReadOnlyList<PeerId>> RunAsync(KadMessage request, Func<PeerId, KadMessage, bool> onAnswer, CancellationToken cancellationToken)
    {
        var target = KadKey.Of(request.Key.Span);
        var lookup = new ClosestPeersLookup(self, target, table.Nearest(target, options.Lookup.Results).Select(entry => entry.Id), options.Lookup);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var pending = new List<Task<(PeerId Peer, KadMessage? Answer)>>();
        try
        {
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var step = lookup.Next(time.GetUtcNow());
                switch (step.Kind)
                {
                    case LookupStepKind.Ask:
                        pending.Add(AskAsync(step.Peer!, request, ending.Token));
                        break;
                    case LookupStepKind.Wait:
                        using (var alarm = CancellationTokenSource.CreateLinkedTokenSource(ending.Token))
                        {
                            var late = Task.Delay(Positive(step.Until - time.GetUtcNow()), time, alarm.Token);
                            await Task.WhenAny([.. pending, late]);
                            await alarm.CancelAsync();
                        }

                        if (await TakeAsync(lookup, pending, onAnswer))
                        {
                            lookup.Stop();
                        }

                        break;
                    default:
                        return lookup.Result;
                }
            }
        }
        finally
        {
            await ending.CancelAsync();
            await Task.WhenAll(pending);
        }
    }

    private static TimeSpan Positive(TimeSpan span) => span > TimeSpan.Zero ? span : TimeSpan.Zero;

    private static async Task<bool> TakeAsync(ClosestPeersLookup lookup, List<Task<(PeerId Peer, KadMessage? Answer)>> pending, Func<PeerId, KadMessage, bool> onAnswer)
    {
        var isEnough = false;
        foreach (var task in pending.Where(task => task.IsCompleted).ToList())
        {
            pending.Remove(task);
            var (peer, answer) = await task;
            if (answer is null)
            {
                lookup.OnFailure(peer);
            }
            else if (lookup.OnAnswer(peer, answer.CloserPeers.Select(closer => closer.Id)))
            {
                isEnough |= onAnswer(peer, answer);
            }
        }

        return isEnough;
    }

    // Never throws: a peer that fails is a fact of the walk.
    private async Task<(PeerId Peer, KadMessage? Answer)> AskAsync(PeerId peer, KadMessage request, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await client.AskAsync(peer, request, cancellationToken);
            table.OnAnswer(peer);
            return (peer, answer);
        }
        catch (Exception fault) when (fault is P2PException or IOException or ObjectDisposedException)
        {
            table.Remove(peer);
            return (peer, null);
        }
        catch (OperationCanceledException)
        {
            return (peer, null);
        }
    }
}
