using System.Net;
using Skein.P2P.Connections;
using Skein.P2P.Identity;
using Skein.P2P.Kademlia;

namespace Skein.P2P.Resources;

/// <summary>What all connections of a host together may make it hold, and which share of it a peer and a neighbourhood of addresses may take. Thread-safe.</summary>
/// <remarks>The limits of one connection are <see cref="Yamux.YamuxOptions"/>'s; without these, 256 connections would have 256 times as much.</remarks>
internal sealed class ResourceBudget(P2PLimits limits)
{
    private readonly Lock _gate = new();
    private readonly ResourceHolder _host = new(limits.MaxInboundStreams, limits.MaxUnreadBytes);
    private readonly Dictionary<PeerId, ResourceHolder> _peers = [];
    private readonly Dictionary<string, ResourceHolder> _groups = new(StringComparer.Ordinal);

    public long UnreadBytes => _host.UnreadBytes.Used;

    public long Streams => _host.Streams.Used;

    /// <summary>Peers and neighbourhoods that something is counted for.</summary>
    public int Holders
    {
        get
        {
            lock (_gate)
            {
                return _peers.Count + _groups.Count;
            }
        }
    }

    /// <summary>The share of one connection; dispose it with the connection.</summary>
    /// <param name="peer">The peer.</param>
    /// <param name="ip">Its address; null through a relay and in memory: then only the peer and the host count.</param>
    public ResourceShare Open(PeerId peer, IPAddress? ip)
    {
        var group = ip is null ? null : IpGroup.Of(ip);
        lock (_gate)
        {
            var ofPeer = Enter(_peers, peer, limits.MaxInboundStreamsPerPeer, limits.MaxUnreadBytesPerPeer);
            return group is null
                ? new ResourceShare([_host, ofPeer], () => Leave(peer, null))
                : new ResourceShare([_host, ofPeer, Enter(_groups, group, limits.MaxInboundStreamsPerIpGroup, limits.MaxUnreadBytesPerIpGroup)], () => Leave(peer, group));
        }
    }

    private void Leave(PeerId peer, string? group)
    {
        lock (_gate)
        {
            Leave(_peers, peer);
            if (group is not null)
            {
                Leave(_groups, group);
            }
        }
    }

    private static ResourceHolder Enter<TKey>(Dictionary<TKey, ResourceHolder> holders, TKey key, int maxStreams, long maxUnreadBytes)
        where TKey : notnull
    {
        if (!holders.TryGetValue(key, out var holder))
        {
            holders.Add(key, holder = new ResourceHolder(maxStreams, maxUnreadBytes));
        }

        holder.Connections++;
        return holder;
    }

    private static void Leave<TKey>(Dictionary<TKey, ResourceHolder> holders, TKey key)
        where TKey : notnull
    {
        if (--holders[key].Connections == 0)
        {
            holders.Remove(key);
        }
    }
}
