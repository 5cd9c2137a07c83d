namespace Skein.P2P.Relay;

/// <summary>What one peer may carry through the relay: a token bucket. Thread-safe.</summary>
/// <remarks>Takes what is asked and lets the taker wait off the debt, so no order of sizes starves anybody. Allocates only while somebody waits.</remarks>
/// <param name="rate">Bytes a second; 0 for no bound.</param>
/// <param name="burst">Bytes at once.</param>
/// <param name="time">Clock.</param>
internal sealed class RateShare(long rate, int burst, TimeProvider time)
{
    private readonly Lock _gate = new();
    private double _tokens = burst;
    private long _last = time.GetTimestamp();

    /// <summary>Takes some bytes.</summary>
    /// <returns>How long to wait before they may go on; zero for not at all.</returns>
    public TimeSpan Take(int bytes)
    {
        if (rate == 0)
        {
            return TimeSpan.Zero;
        }

        lock (_gate)
        {
            var now = time.GetTimestamp();
            _tokens = Math.Min(burst, _tokens + (time.GetElapsedTime(_last, now).TotalSeconds * rate)) - bytes;
            _last = now;
            return _tokens >= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(-_tokens / rate);
        }
    }
}
