namespace Skein.P2P.Yamux;

/// <summary>Markers behind the data of one connection, and what is known by them: how much has arrived, and how long a marker took. Not thread-safe.</summary>
internal sealed class PaceMarkers
{
    // Eight in a round trip, and a queue three times as long as the way. A peer that answers none of so many gets no more.
    private const int MaxUnderWay = 32;

    private readonly Marker[] _ring = new Marker[MaxUnderWay];
    private int _first;
    private int _count;

    /// <summary>Bytes sent so far.</summary>
    public long Sent { get; private set; }

    /// <summary>Bytes known to have arrived.</summary>
    public long Arrived { get; private set; }

    /// <summary>Bytes that are not known to have arrived.</summary>
    public long UnderWay => Sent - Arrived;

    /// <summary>Whether any marker may still come back.</summary>
    public bool Any => _count > 0;

    /// <summary>Whether another one may be sent.</summary>
    public bool HasRoom => _count < MaxUnderWay;

    /// <summary>When the last one was sent; null before the first.</summary>
    public TimeSpan? Last { get; private set; }

    /// <summary>Data was sent.</summary>
    public void Add(int bytes) => Sent += bytes;

    /// <summary>A marker was sent behind it; only if there is room.</summary>
    public void Mark(TimeSpan now, uint id)
    {
        _ring[(_first + _count) % MaxUnderWay] = new Marker(id, now, Sent);
        _count++;
        Last = now;
    }

    /// <summary>A marker came back.</summary>
    /// <returns>When it was sent; null if it is not known.</returns>
    public TimeSpan? Take(uint id)
    {
        for (var i = 0; i < _count; i++)
        {
            var marker = _ring[(_first + i) % MaxUnderWay];
            if (marker.Id == id)
            {
                // Those before it were answered, or never will be.
                _first = (_first + i + 1) % MaxUnderWay;
                _count -= i + 1;
                Arrived = marker.Sent;
                return marker.At;
            }
        }

        return null;
    }

    /// <summary>The sender paused for long: all has arrived, whether or not a marker said so.</summary>
    public void Settle() => Arrived = Sent;

    private readonly record struct Marker(uint Id, TimeSpan At, long Sent);
}
