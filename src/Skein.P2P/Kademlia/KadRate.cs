using Skein.P2P.Identity;

namespace Skein.P2P.Kademlia;

/// <summary>Counts each peer's requests within a window, and forgets all when the next one begins. Thread-safe.</summary>
internal sealed class KadRate(int most, TimeSpan window, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<PeerId, int> _requests = [];
    private long _windowStart = time.GetTimestamp();

    /// <summary>Counts one request.</summary>
    /// <returns>False if the peer has made as many as it may.</returns>
    public bool TryTake(PeerId peer)
    {
        lock (_gate)
        {
            if (time.GetElapsedTime(_windowStart) >= window)
            {
                _windowStart = time.GetTimestamp();
                _requests.Clear();
            }

            var count = _requests.GetValueOrDefault(peer);
            if (count >= most)
            {
                return false;
            }

            _requests[peer] = count + 1;
            return true;
        }
    }
}
