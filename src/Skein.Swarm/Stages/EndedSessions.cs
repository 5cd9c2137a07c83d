namespace Skein.Swarm.Stages;

/// <summary>Remembers the sessions that ended last, so that frames which were on their way are not taken for strays. Thread-safe.</summary>
/// <param name="capacity">How many; the oldest is forgotten first.</param>
internal sealed class EndedSessions(int capacity)
{
    private readonly Lock _lock = new();
    private readonly HashSet<SessionKey> _known = [];
    private readonly Queue<SessionKey> _order = new();

    /// <summary>A session ended.</summary>
    public void Add(SessionKey key)
    {
        lock (_lock)
        {
            if (!_known.Add(key))
            {
                return;
            }

            _order.Enqueue(key);
            if (_order.Count > capacity)
            {
                _known.Remove(_order.Dequeue());
            }
        }
    }

    /// <summary>Whether the session ended a short while ago.</summary>
    public bool Contains(SessionKey key)
    {
        lock (_lock)
        {
            return _known.Contains(key);
        }
    }
}
