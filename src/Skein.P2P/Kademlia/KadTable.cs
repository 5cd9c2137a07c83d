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

    /// <summary>A peer answered.</summary>
    /// <returns>A peer that must answer now, or make room for the newcomer; null mostly.</returns>
    public PeerId? OnAnswer(PeerId peer)
    {
        if (host.Peers.Find(peer)?.Protocols?.Contains(options.Protocol, StringComparer.Ordinal) != true)
        {
            // It answered once, but does not serve: a client whose table entry would help nobody.
            return null;
        }

        var ip = host.ConnectionsWith(peer).Select(connection => connection.RemoteIp).FirstOrDefault(ip => ip is not null);
        lock (_gate)
        {
            return _table.Offer(RoutingTableEntry.Create(peer, ip, time.GetUtcNow())).Challenge;
        }
    }

    /// <summary>A peer did not answer, or serves no longer.</summary>
    public void Remove(PeerId peer)
    {
        lock (_gate)
        {
            _table.Remove(peer);
        }
    }
}
