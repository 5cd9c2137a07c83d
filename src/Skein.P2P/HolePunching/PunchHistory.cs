using Skein.P2P.Identity;

namespace Skein.P2P.HolePunching;

/// <summary>How the last searches ended, one for each peer. Thread-safe.</summary>
internal sealed class PunchHistory(HolePunchOptions options, TimeProvider time)
{
    // The oldest goes first.
    private const int MaxOutcomes = 256;

    private readonly Lock _gate = new();
    private readonly LinkedList<(HolePunchOutcome Outcome, long At)> _outcomes = new();

    /// <summary>Newest first.</summary>
    public IReadOnlyList<HolePunchOutcome> Outcomes
    {
        get
        {
            lock (_gate)
            {
                return [.. _outcomes.Select(entry => entry.Outcome)];
            }
        }
    }

    /// <summary>Whether a search for a peer has found nothing within the last <see cref="HolePunchOptions.Pause"/>.</summary>
    public bool HasJustFailed(PeerId peer)
    {
        lock (_gate)
        {
            return _outcomes.Any(entry => entry.Outcome.Peer == peer && entry.Outcome.Result == HolePunchResult.StayedOnRelay && time.GetElapsedTime(entry.At) < options.Pause);
        }
    }

    /// <summary>Remembers an outcome in place of an earlier one of the same peer.</summary>
    public void Add(HolePunchOutcome outcome)
    {
        lock (_gate)
        {
            for (var node = _outcomes.First; node is not null; node = node.Next)
            {
                if (node.Value.Outcome.Peer == outcome.Peer)
                {
                    _outcomes.Remove(node);
                    break;
                }
            }

            _outcomes.AddFirst((outcome, time.GetTimestamp()));
            if (_outcomes.Count > MaxOutcomes)
            {
                _outcomes.RemoveLast();
            }
        }
    }
}
