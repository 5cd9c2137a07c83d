namespace Skein.P2P.Relay;

/// <summary>How long to wait before a relay is asked for a place again. Not thread-safe.</summary>
/// <remarks>A place that is lost at once is no better than none: a relay that takes us in and drops us would otherwise be called without end.</remarks>
internal sealed class RelayPatience(RelayClientOptions options)
{
    private TimeSpan _next = options.LeastRenewal;

    /// <summary>A place was held for so long; if that was long enough, what was before is forgotten.</summary>
    public void Held(TimeSpan time)
    {
        if (time >= options.MostDelay)
        {
            _next = options.LeastRenewal;
        }
    }

    /// <summary>The wait after a failure or a loss: twice the one before.</summary>
    public TimeSpan Next()
    {
        var now = _next;
        _next = now * 2 < options.MostDelay ? now * 2 : options.MostDelay;
        return now;
    }
}
