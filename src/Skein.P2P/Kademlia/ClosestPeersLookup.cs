using Skein.P2P.Identity;

namespace Skein.P2P.Kademlia;

/// <summary>Walks towards a point until the nearest peers have answered. Pure: the caller asks, and tells what came.</summary>
/// <remarks>
/// It ends when the <see cref="LookupOptions.Results"/> nearest peers that are not known to be dead have all answered, when nobody is left to ask, or when
/// <see cref="LookupOptions.MaxQueries"/> were asked. Not thread-safe.
/// </remarks>
public sealed class ClosestPeersLookup
{
    private readonly LookupOptions _options;
    private readonly SortedList<KadKey, Candidate> _candidates;
    private readonly Dictionary<PeerId, Candidate> _byId = [];
    private readonly PeerId _self;
    private int _asked;
    private bool _stopped;

    /// <summary>Starts a walk.</summary>
    /// <param name="self">Our own id: never asked.</param>
    /// <param name="target">The point.</param>
    /// <param name="seeds">Peers to begin with, from the routing table.</param>
    /// <param name="options">How to walk.</param>
    public ClosestPeersLookup(PeerId self, KadKey target, IEnumerable<PeerId> seeds, LookupOptions options)
    {
        _self = self;
        _options = options;
        Target = target;
        _candidates = new SortedList<KadKey, Candidate>(Comparer<KadKey>.Create(target.CompareDistance));
        foreach (var seed in seeds)
        {
            Add(seed);
        }
    }

    private enum State
    {
        New,
        Waiting,
        Late,
        Answered,
        Failed,
    }

    /// <summary>The point.</summary>
    public KadKey Target { get; }

    /// <summary>Peers asked so far.</summary>
    public int Asked => _asked;

    /// <summary>The nearest peers that answered, nearest first.</summary>
    public IReadOnlyList<PeerId> Result => [.. _candidates.Values.Where(candidate => candidate.State == State.Answered).Take(_options.Results).Select(candidate => candidate.Id)];

    /// <summary>Says what to do now.</summary>
    public LookupStep Next(DateTimeOffset now)
    {
        if (_stopped)
        {
            return new(LookupStepKind.Finished);
        }

        var waiting = 0;
        var until = DateTimeOffset.MaxValue;
        foreach (var candidate in _candidates.Values.Where(candidate => candidate.State == State.Waiting))
        {
            if (now >= candidate.Deadline)
            {
                candidate.State = State.Late;
                continue;
            }

            waiting++;
            until = candidate.Deadline < until ? candidate.Deadline : until;
        }

        var nearer = 0;
        var unsettled = false;
        foreach (var candidate in _candidates.Values)
        {
            if (nearer == _options.Results)
            {
                break;
            }

            switch (candidate.State)
            {
                case State.New when waiting < _options.Parallelism && _asked < _options.MaxQueries:
                    candidate.State = State.Waiting;
                    candidate.Deadline = now + _options.PeerTimeout;
                    _asked++;
                    return new(LookupStepKind.Ask, candidate.Id);
                case State.New when _asked < _options.MaxQueries:
                case State.Waiting:
                    unsettled = true;
                    nearer++;
                    break;
                case State.Answered:
                    nearer++;
                    break;
                default:
                    // Late, failed, or beyond what one lookup asks: not among the nearest that count.
                    break;
            }
        }

        return unsettled && waiting > 0 ? new(LookupStepKind.Wait, Until: until) : new(LookupStepKind.Finished);
    }

    /// <summary>A peer answered, naming peers that it thinks nearer.</summary>
    /// <returns>Whether it had been asked: answers of others change nothing.</returns>
    public bool OnAnswer(PeerId peer, IEnumerable<PeerId> closer)
    {
        if (!_byId.TryGetValue(peer, out var candidate) || candidate.State is not (State.Waiting or State.Late))
        {
            return false;
        }

        candidate.State = State.Answered;
        foreach (var id in closer.Take(_options.MaxPeersPerAnswer))
        {
            Add(id);
        }

        return true;
    }

    /// <summary>A peer could not be reached or broke the protocol.</summary>
    public void OnFailure(PeerId peer)
    {
        if (_byId.TryGetValue(peer, out var candidate) && candidate.State is State.Waiting or State.Late)
        {
            candidate.State = State.Failed;
        }
    }

    /// <summary>Ends the walk early: the value or enough providers were found.</summary>
    public void Stop() => _stopped = true;

    private void Add(PeerId id)
    {
        if (id == _self || _byId.ContainsKey(id))
        {
            return;
        }

        var candidate = new Candidate(id);
        if (_candidates.TryAdd(KadKey.Of(id), candidate))
        {
            _byId.Add(id, candidate);
        }
    }

    private sealed class Candidate(PeerId id)
    {
        public PeerId Id { get; } = id;

        public State State { get; set; }

        public DateTimeOffset Deadline { get; set; }
    }
}
