namespace Skein.P2P.Yamux;

/// <summary>Joins one session's <see cref="BulkPacer"/> to its clock, its markers, and the timer that wakes its writer. Guarded by the session's lock, unless a member says otherwise.</summary>
/// <remarks>Nothing of it exists before the first bulk is to be sent.</remarks>
internal sealed class BulkPacing : IAsyncDisposable
{
    private readonly SessionState _session;
    private readonly DecodeActivity _decoding;
    private readonly Action _wake;
    private readonly long _origin;
    private BulkPacer? _pacer;
    private ITimer? _timer;

    /// <param name="session">Clock, limits and ping numbers.</param>
    /// <param name="decoding">Whether decode messages are about on any connection of the host.</param>
    /// <param name="wake">Makes the session send what waits. Called by the timer.</param>
    public BulkPacing(SessionState session, DecodeActivity decoding, Action wake)
    {
        _session = session;
        _decoding = decoding;
        _wake = wake;
        _origin = session.Time.GetTimestamp();
    }

    /// <summary>A decode message is sent. Thread-safe.</summary>
    /// <param name="timestamp">Of the clock.</param>
    public void OnDecodeSent(long timestamp) => _decoding.Touch(timestamp);

    /// <summary>How much bulk may be sent now. If it is nothing, the writer is woken when that may have changed.</summary>
    /// <param name="timestamp">Of the clock.</param>
    /// <returns>Bytes; 0 if nothing.</returns>
    public int Allow(long timestamp)
    {
        var now = Since(timestamp);
        if (_pacer is null)
        {
            _pacer = new BulkPacer();
            _timer = _session.Time.CreateTimer(static state => ((Action)state!)(), _wake, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            if (_session.RoundTrip > TimeSpan.Zero)
            {
                _pacer.OnRoundTrip(now, _session.RoundTrip);
            }
        }

        // Who closes sends what is left.
        var allowed = _pacer.Allow(now, _session.Options.PaceBulk && !_session.GoAwaySent && _decoding.IsRecent(timestamp));
        if (allowed == 0)
        {
            _timer!.Change(_pacer.Wait, Timeout.InfiniteTimeSpan);
        }

        return allowed;
    }

    /// <summary>Bulk is sent that <see cref="Allow"/> allowed.</summary>
    /// <param name="timestamp">The one that was allowed.</param>
    /// <param name="bytes">How much, with its headers.</param>
    /// <returns>Whether a marker should follow it.</returns>
    public bool OnSent(long timestamp, int bytes) => _pacer!.OnSent(Since(timestamp), bytes);

    /// <summary>A marker is sent behind the bulk.</summary>
    /// <param name="timestamp">The one that was allowed.</param>
    /// <returns>The number of the ping that it is.</returns>
    public uint TakeMarker(long timestamp)
    {
        var id = _session.TakePingId();
        _pacer!.OnMarkerSent(Since(timestamp), id);
        return id;
    }

    /// <summary>A ping of the session's own is back.</summary>
    public void OnRoundTrip(TimeSpan roundTrip) => _pacer?.OnRoundTrip(Now(), roundTrip);

    /// <summary>Another answer to a ping came.</summary>
    /// <param name="id">What it answers; the other side may say anything.</param>
    public void OnMarkerReturned(uint id) => _pacer?.OnMarkerReturned(Now(), id);

    public ValueTask DisposeAsync() => _timer?.DisposeAsync() ?? ValueTask.CompletedTask;

    private TimeSpan Now() => _session.Time.GetElapsedTime(_origin);

    private TimeSpan Since(long timestamp) => _session.Time.GetElapsedTime(_origin, timestamp);
}
