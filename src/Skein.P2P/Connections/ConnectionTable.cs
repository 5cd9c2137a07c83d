using System.Collections.Concurrent;
using Skein.P2P.Errors;
using Skein.P2P.Identity;
using Skein.P2P.Yamux;

namespace Skein.P2P.Connections;

/// <summary>The connections of a host, and the dials that will become some: one lock over both, so that callers at the same moment share one dial. Thread-safe.</summary>
internal sealed class ConnectionTable(PeerId self, P2PHostOptions options)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<PeerId, List<P2PConnection>> _connections = [];
    private readonly Dictionary<(PeerId Peer, bool Second), Task<P2PConnection>> _dials = [];
    private readonly ConcurrentDictionary<PeerId, byte> _protected = new();
    private int _count;
    private bool _closed;

    public IReadOnlyList<P2PConnection> All
    {
        get
        {
            lock (_gate)
            {
                return [.. _connections.Values.SelectMany(list => list)];
            }
        }
    }

    public IReadOnlyList<P2PConnection> With(PeerId peer)
    {
        lock (_gate)
        {
            return _connections.TryGetValue(peer, out var list) ? [.. list] : [];
        }
    }

    public void Protect(PeerId peer) => _protected[peer] = 0;

    public void Unprotect(PeerId peer) => _protected.TryRemove(peer, out _);

    /// <summary>Whether a peer is connected or protected.</summary>
    public bool Keeps(PeerId peer)
    {
        lock (_gate)
        {
            return _connections.ContainsKey(peer) || _protected.ContainsKey(peer);
        }
    }

    /// <summary>Connections without streams for at least so long, whose peer nobody protects.</summary>
    public IEnumerable<P2PConnection> IdleFor(TimeSpan atLeast) => All.Where(connection => connection.IdleFor >= atLeast && !_protected.ContainsKey(connection.Peer));

    /// <summary>Takes no connection from now on.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
        }
    }

    /// <summary>Finds the connection for a stream, marks it as carrying the class, or joins or starts a dial.</summary>
    /// <param name="peer">Whom.</param>
    /// <param name="streamClass">What the stream will carry.</param>
    /// <param name="last">Whether to make do with a connection that carries the other class.</param>
    /// <param name="dial">Starts a dial; the argument says whether it is for a second connection. Called under the lock: must not complete or call back at once.</param>
    /// <param name="spare">With a dial: a connection that would do.</param>
    /// <param name="limited">With a dial: a connection through a relay that carries control streams only.</param>
    /// <param name="dialling">The dial to wait for, when the result is null.</param>
    public P2PConnection? TakeOrDial(PeerId peer, StreamClass streamClass, bool last, Func<bool, Task<P2PConnection>> dial, out P2PConnection? spare, out P2PConnection? limited, out Task<P2PConnection>? dialling)
    {
        dialling = null;
        lock (_gate)
        {
            spare = Choose(peer, streamClass, out var wantsSecond, out limited);
            if (spare is not null && (!wantsSecond || last))
            {
                // Under the lock: a stream of the other class that is opened at the same moment must see it.
                spare.Mark(streamClass);
                return spare;
            }

            if (!_dials.TryGetValue((peer, wantsSecond), out dialling))
            {
                dialling = dial(wantsSecond);
                if (!dialling.IsCompleted)
                {
                    _dials[(peer, wantsSecond)] = dialling;
                }
            }

            return null;
        }
    }

    /// <summary>Forgets a dial that has ended.</summary>
    public void DialEnded(PeerId peer, bool second)
    {
        lock (_gate)
        {
            _dials.Remove((peer, second));
        }
    }

    /// <summary>Adds a connection.</summary>
    /// <returns>The connection that made room and must be closed; null if there was room.</returns>
    /// <exception cref="P2PException">The connection is refused: the caller closes it.</exception>
    public P2PConnection? Add(P2PConnection connection)
    {
        lock (_gate)
        {
            var list = _connections.GetValueOrDefault(connection.Peer) ?? [];
            if (connection.Peer == self)
            {
                throw new P2PException(P2PError.WrongPeer, "The other end is this host itself.");
            }

            if (_closed)
            {
                throw new P2PException(P2PError.ConnectionClosed, "The host is stopping.");
            }

            if (list.Count >= options.Limits.MaxConnectionsPerPeer)
            {
                throw new P2PException(P2PError.LimitReached, $"{list.Count} connections with {connection.Peer} are open already.");
            }

            P2PConnection? evicted = null;
            if (_count >= options.Limits.MaxConnections)
            {
                // The one idle for longest makes room.
                evicted = _connections.Values.SelectMany(all => all).Where(idle => idle.StreamCount == 0 && !_protected.ContainsKey(idle.Peer)).MaxBy(idle => idle.IdleFor)
                    ?? throw new P2PException(P2PError.LimitReached, $"{_count} connections are open, none of them idle.");
                Forget(evicted);
            }

            list.Add(connection);
            _connections[connection.Peer] = list;
            _count++;
            return evicted;
        }
    }

    /// <summary>Removes a connection, if it is there.</summary>
    public void Remove(P2PConnection connection)
    {
        lock (_gate)
        {
            Forget(connection);
        }
    }

    // Under the lock. The best connection for the class, and whether one of its own is wanted instead.
    private P2PConnection? Choose(PeerId peer, StreamClass streamClass, out bool wantsSecond, out P2PConnection? limited)
    {
        wantsSecond = false;
        limited = null;
        if (!_connections.TryGetValue(peer, out var list) || list.Count == 0)
        {
            return null;
        }

        var usable = list.Where(connection => !connection.Closed.IsCompleted).OrderBy(connection => connection.IsRelayed).ToList();
        if (streamClass != StreamClass.Control && usable.RemoveAll(connection => connection.Limit is not null) > 0 && usable.Count == 0)
        {
            // Another dial through a relay would bring the same: only a direct one helps.
            limited = list.Find(connection => connection.Limit is not null);
            wantsSecond = true;
            return null;
        }

        if (usable.Count == 0)
        {
            return null;
        }

        var own = streamClass == StreamClass.Bulk
            ? usable.Find(connection => connection.CarriesBulk && !connection.CarriesDecode) ?? usable.Find(connection => !connection.CarriesDecode)
            : usable.Find(connection => !connection.CarriesBulk);
        wantsSecond = own is null && streamClass != StreamClass.Control && options.SeparateBulk && list.Count < options.Limits.MaxConnectionsPerPeer && !usable[0].IsRelayed;
        return own ?? usable[0];
    }

    // Under the lock.
    private void Forget(P2PConnection connection)
    {
        if (_connections.TryGetValue(connection.Peer, out var list) && list.Remove(connection))
        {
            _count--;
            if (list.Count == 0)
            {
                _connections.Remove(connection.Peer);
            }
        }
    }
}
