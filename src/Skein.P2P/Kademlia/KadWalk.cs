using Skein.P2P.Addressing;
using Skein.P2P.Connections;
using Skein.P2P.Errors;
using Skein.P2P.Identity;

namespace Skein.P2P.Kademlia;

/// <summary>Carries one lookup out over the network.</summary>
internal sealed class KadWalk(P2PHost host, KadClient client, KadTable table, KademliaOptions options, TimeProvider time)
{
    // Six rounds of peers that all let the full time pass.
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    /// <summary>Walks towards a key, asking the same of every peer on the way.</summary>
    /// <param name="request">What to ask; its key is the point.</param>
    /// <param name="onAnswer">Sees each answer, one at a time; true ends the walk.</param>
    /// <param name="cancellationToken">Ends the walk; requests under way are given up.</param>
    /// <returns>The nearest peers that answered, nearest first; after a minute, those that had answered by then.</returns>
    public async Task<IReadOnlyList<PeerId>> RunAsync(KadMessage request, Func<PeerId, KadMessage, bool> onAnswer, CancellationToken cancellationToken)
    {
        var target = KadKey.Of(request.Key.Span);
        var lookup = new ClosestPeersLookup(host.Id, target, table.Nearest(target, options.Lookup.Results).Select(entry => entry.Id), options.Lookup);
        using var timeout = new CancellationTokenSource(Bound, time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        var pending = new List<Task<(PeerId Peer, KadMessage? Answer)>>();

        // What peers said of others, for as long as the walk: the host's store learns only of those that are dialled, so that hearsay cannot flood it.
        var hints = new Dictionary<PeerId, IReadOnlyList<Multiaddr>>();
        try
        {
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (timeout.IsCancellationRequested)
                {
                    // What was found until now is the best there is.
                    return lookup.Result;
                }

                var step = lookup.Next(time.GetUtcNow());
                switch (step.Kind)
                {
                    case LookupStepKind.Ask:
                        if (hints.TryGetValue(step.Peer!, out var addresses))
                        {
                            host.Peers.AddHints(step.Peer!, addresses);
                        }

                        pending.Add(AskAsync(step.Peer!, request, ending.Token));
                        break;
                    case LookupStepKind.Wait:
                        using (var alarm = CancellationTokenSource.CreateLinkedTokenSource(ending.Token))
                        {
                            var late = Task.Delay(Positive(step.Until - time.GetUtcNow()), time, alarm.Token);
                            await Task.WhenAny([.. pending, late]);
                            await alarm.CancelAsync();
                        }

                        if (await TakeAsync(lookup, pending, hints, onAnswer))
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

    private async Task<bool> TakeAsync(ClosestPeersLookup lookup, List<Task<(PeerId Peer, KadMessage? Answer)>> pending, Dictionary<PeerId, IReadOnlyList<Multiaddr>> hints, Func<PeerId, KadMessage, bool> onAnswer)
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
                foreach (var closer in answer.CloserPeers.Take(options.Lookup.MaxPeersPerAnswer).Where(closer => closer.Addresses.Count > 0))
                {
                    hints.TryAdd(closer.Id, closer.Addresses);
                }

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
            table.OnAnswer(answer.Connection);
            return (peer, answer.Message);
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
