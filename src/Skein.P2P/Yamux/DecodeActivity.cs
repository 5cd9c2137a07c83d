namespace Skein.P2P.Yamux;

/// <summary>When somebody here last sent a decode message: one for all connections of a host, as they share its uplink. Thread-safe.</summary>
internal sealed class DecodeActivity(TimeProvider time)
{
    // A slow ring makes a token in some seconds; in between the line must not fill up.
    private static readonly TimeSpan Lasting = TimeSpan.FromSeconds(5);

    private long _last;
    private volatile bool _ever;

    /// <summary>A decode message is sent.</summary>
    /// <param name="timestamp">Of the clock.</param>
    public void Touch(long timestamp)
    {
        Volatile.Write(ref _last, timestamp);
        if (!_ever)
        {
            _ever = true;
        }
    }

    /// <summary>Whether one was sent lately.</summary>
    public bool IsRecent(long timestamp) => _ever && time.GetElapsedTime(Volatile.Read(ref _last), timestamp) <= Lasting;
}
