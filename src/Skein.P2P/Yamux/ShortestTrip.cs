namespace Skein.P2P.Yamux;

/// <summary>The shortest round trip of the last 10 to 20 seconds: what the way takes when nothing is queued on it. Not thread-safe.</summary>
internal struct ShortestTrip
{
    // The queue empties at each cut of the rate, so a fresh one comes far more often.
    private static readonly TimeSpan Age = TimeSpan.FromSeconds(10);

    // Two ages, of which the older one ends as a whole: no list of samples is kept.
    private TimeSpan? _now;
    private TimeSpan? _before;
    private TimeSpan _since;

    /// <summary>The shortest; null if none was seen lately.</summary>
    public readonly TimeSpan? Value => _now < _before || _before is null ? _now : _before;

    /// <summary>One took so long.</summary>
    public void Add(TimeSpan now, TimeSpan roundTrip)
    {
        if (now - _since > Age)
        {
            _before = now - _since > 2 * Age ? null : _now;
            _now = null;
            _since = now;
        }

        _now = _now < roundTrip ? _now : roundTrip;
    }

    /// <summary>The way is another one: what was seen before says nothing.</summary>
    public void Forget() => _now = _before = null;
}
