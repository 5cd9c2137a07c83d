using Skein.P2P.Connections;
using Skein.P2P.Identity;

namespace Skein.P2P.Kademlia;

/// <summary>The routing table as the network keeps it: only peers that advertise the protocol and answered. Thread-safe.</summary>
internal sealed class KadTable(P2PHost host, KademliaOptions options, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly RoutingTable _table = new(host.Id, options.Table);

    /// <summary>Peers in it.</summary>
    public IReadOnlyList<PeerId> Peers
    {
        get
        {
            lock (_gate)
            {
                return [.. _table.Entries.Select(entry => entry.Id)];
            }
        }
    }

    /// <summary>Peers in it.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _table.Count;
            }
        }
    }

    /// <summary>See <see cref="RoutingTable.DeepestBucket"/>.</summary>
    public int DeepestBucket
    {
        get
        {
            lock (_gate)
            {
                return _table.DeepestBucket;
            }
        }
    }

    /// <summary>The peers nearest to a point, nearest first.</summary>
    public IReadOnlyList<RoutingTableEntry> Nearest(KadKey target, int count)
    {
        lock (_gate)
        {
            return _table.Nearest(target, count);
        }
    }

    /// <summary>The last peer is gone from the table. Raised on whatever thread found that out.</summary>
    public event Action? Emptied;

    /// <summary>Whether a peer is in it and was heard of within a time.</summary>
    public bool HasHeard(PeerId peer, TimeSpan within)
    {
        lock (_gate)
        {
            return _table.Entries.FirstOrDefault(entry => entry.Id == peer) is { } known && time.GetUtcNow() - known.LastSeen < within;
        }
    }

    /// <summary>A peer answered.</summary>
    /// <param name="connection">Over which connection: it says where the peer is.</param>
    /// <returns>A peer that must answer now, or make room for the newcomer; null mostly.</returns>
    public PeerId? OnAnswer(P2PConnection connection)
    {
        var peer = connection.Peer;
        if (connection.IsRelayed || host.Peers.Find(peer)?.Protocols?.Contains(options.Protocol, StringComparer.Ordinal) != true)
        {
            // It answered once, but does not serve, or strangers reach it only over a relay: a table entry would help nobody.
            return null;
        }

        lock (_gate)
        {
            return _table.Offer(RoutingTableEntry.Create(peer, connection.RemoteIp, time.GetUtcNow())).Challenge;
        }
    }

    /// <summary>A peer did not answer, or serves no longer.</summary>
    public void Remove(PeerId peer)
    {
        bool isEmpty;
        lock (_gate)
        {
            isEmpty = _table.Remove(peer) && _table.Count == 0;
        }

        if (isEmpty)
        {
            Emptied?.Invoke();
        }
    }
}
