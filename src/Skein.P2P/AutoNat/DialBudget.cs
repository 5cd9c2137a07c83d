namespace Skein.P2P.AutoNat;

/// <summary>Counts what askers have had: so many dials a second in all, so many requests a minute for one of them, so many at once. Thread-safe.</summary>
internal sealed class DialBudget(AutoNatServerOptions options, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, (double Left, long At)> _askers = new(StringComparer.Ordinal);
    private (double Left, long At) _all = (options.DialsPerSecond, time.GetTimestamp());
    private int _running;

    /// <summary>Counts a request; false if there were too many.</summary>
    public bool TryAsk(string asker)
    {
        lock (_gate)
        {
            var now = time.GetTimestamp();
            _all = Refilled(_all, now, options.DialsPerSecond, options.DialsPerSecond);
            if (_all.Left < 1 || !TryCount(asker, now))
            {
                return false;
            }

            _all.Left--;
            return true;
        }
    }

    /// <summary>Takes a place for the dial itself; then <see cref="Release"/> must follow. Only once all is there that the asker has to send: whoever dawdles holds up nobody.</summary>
    public bool TryDial()
    {
        lock (_gate)
        {
            if (_running >= options.MaxAtOnce)
            {
                return false;
            }

            _running++;
            return true;
        }
    }

    public void Release()
    {
        lock (_gate)
        {
            _running--;
        }
    }

    private bool TryCount(string asker, long now)
    {
        if (!_askers.TryGetValue(asker, out var bucket))
        {
            if (_askers.Count >= options.MaxCounted)
            {
                foreach (var (full, _) in _askers.Where(entry => Refill(entry.Value, now).Left >= options.RequestsPerMinute).ToList())
                {
                    _askers.Remove(full);
                }

                if (_askers.Count >= options.MaxCounted)
                {
                    return false;
                }
            }

            bucket = (options.RequestsPerMinute, now);
        }

        bucket = Refill(bucket, now);
        if (bucket.Left < 1)
        {
            _askers[asker] = bucket;
            return false;
        }

        _askers[asker] = (bucket.Left - 1, now);
        return true;
    }

    private (double Left, long At) Refill((double Left, long At) bucket, long now) => Refilled(bucket, now, options.RequestsPerMinute, options.RequestsPerMinute / 60.0);

    private (double Left, long At) Refilled((double Left, long At) bucket, long now, double most, double perSecond)
        => (Math.Min(most, bucket.Left + (time.GetElapsedTime(bucket.At, now).TotalSeconds * perSecond)), now);
}
