using System.Net;
using Skein.P2P.Identity;

namespace Skein.P2P.Relay;

/// <summary>Who has a place at the relay, bounded in all and by IP address. Thread-safe.</summary>
internal sealed class ReservationTable(RelayServerOptions options, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<PeerId, (DateTimeOffset Expires, IPAddress? Ip)> _places = [];

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _places.Count;
            }
        }
    }

    /// <summary>Gives a place, or renews it.</summary>
    public bool TryReserve(PeerId peer, IPAddress? ip, out DateTimeOffset expires)
    {
        var now = time.GetUtcNow();

        // The wire has whole seconds.
        expires = DateTimeOffset.FromUnixTimeSeconds((now + options.ReservationTime).ToUnixTimeSeconds());
        var house = ip is null || IPAddress.IsLoopback(ip) ? null : ip;
        lock (_gate)
        {
            if (!_places.ContainsKey(peer))
            {
                // Places that ran out are swept every few seconds; until then they count.
                if (_places.Count >= options.MaxReservations || (house is not null && _places.Values.Count(place => house.Equals(place.Ip)) >= options.MaxReservationsPerIp))
                {
                    return false;
                }
            }

            _places[peer] = (expires, house);
            return true;
        }
    }

    /// <summary>Whether the peer has a place that has not run out.</summary>
    public bool Holds(PeerId peer)
    {
        lock (_gate)
        {
            return _places.TryGetValue(peer, out var place) && place.Expires > time.GetUtcNow();
        }
    }

    public bool Release(PeerId peer)
    {
        lock (_gate)
        {
            return _places.Remove(peer);
        }
    }

    /// <summary>Releases places that have run out.</summary>
    /// <returns>Whose they were.</returns>
    public IReadOnlyList<PeerId> ReleaseExpired()
    {
        lock (_gate)
        {
            var now = time.GetUtcNow();
            var gone = _places.Where(place => place.Value.Expires <= now).Select(place => place.Key).ToList();
            gone.ForEach(peer => _places.Remove(peer));
            return gone;
        }
    }
}
