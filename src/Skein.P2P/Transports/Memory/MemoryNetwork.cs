using System.Collections.Concurrent;
using Skein.P2P.Addressing;
using Skein.P2P.Errors;

namespace Skein.P2P.Transports.Memory;

/// <summary>A network within the process, for tests of many nodes in virtual time. Thread-safe.</summary>
/// <remarks>Addresses are <c>/memory/&lt;name&gt;</c>; each name is one machine.</remarks>
public sealed class MemoryNetwork
{
    private readonly ConcurrentDictionary<string, Action<RawConnection>> _listeners = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, ConcurrentBag<MemoryDuplexStream>> _connections = new(StringComparer.Ordinal);
    private readonly TimeProvider _time;
    private readonly Func<string, string, TimeSpan> _oneWay;

    /// <summary>Creates the network.</summary>
    /// <param name="time">Its clock.</param>
    /// <param name="oneWay">How long bytes travel from one machine to another; null for no time at all.</param>
    public MemoryNetwork(TimeProvider time, Func<string, string, TimeSpan>? oneWay = null)
    {
        _time = time;
        _oneWay = oneWay ?? ((_, _) => TimeSpan.Zero);
    }

    /// <summary>The transport of one machine.</summary>
    public ITransport TransportOf(string name) => new MemoryTransport(this, name);

    /// <summary>Takes a machine off the network: its connections break, and nobody reaches it.</summary>
    public void Kill(string name)
    {
        _listeners.TryRemove(name, out _);
        if (_connections.TryRemove(name, out var streams))
        {
            foreach (var stream in streams)
            {
                stream.Dispose();
            }
        }
    }

    internal RawConnection Dial(string from, string to)
    {
        if (!_listeners.TryGetValue(to, out var listener))
        {
            throw new P2PException(P2PError.DialFailed, $"Nobody listens on /memory/{to}.");
        }

        var (near, far) = MemoryDuplexStream.CreatePair(_time, _oneWay(from, to));
        _connections.GetOrAdd(from, _ => []).Add(near);
        _connections.GetOrAdd(to, _ => []).Add(far);
        listener(new RawConnection(far, AddressOf(from), null));
        return new RawConnection(near, AddressOf(to), null);
    }

    internal void Listen(string name, Action<RawConnection> onConnection)
    {
        if (!_listeners.TryAdd(name, onConnection))
        {
            throw new P2PException(P2PError.DialFailed, $"Somebody listens on /memory/{name} already.");
        }
    }

    internal void StopListening(string name) => _listeners.TryRemove(name, out _);

    private static Multiaddr AddressOf(string name) => Multiaddr.Parse($"/memory/{name}");
}
