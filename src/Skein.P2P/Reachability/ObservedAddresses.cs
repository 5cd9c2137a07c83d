using System.Net;
using System.Net.Sockets;
using Skein.P2P.Addressing;
using Skein.P2P.Connections;
using Skein.P2P.Kademlia;

namespace Skein.P2P.Reachability;

/// <summary>What peers say of where they see us: hearsay, counted by independent observers. Stateless: reads the connections that are there.</summary>
public static class ObservedAddresses
{
    /// <summary>Addresses that others see, most observers first. Only those count whom this host called: anybody may call it, and say anything.</summary>
    /// <param name="connections">Open connections.</param>
    /// <returns>Each with the number of neighbourhoods from which it was seen.</returns>
    public static IReadOnlyList<(IPEndPoint EndPoint, int Observers)> Count(IEnumerable<P2PConnection> connections)
        => [.. connections.Where(connection => !connection.IsRelayed && connection.IsOutbound)
            .Select(connection => (Seen: Seen(connection), Observer: ObserverOf(connection)))
            .Where(entry => entry.Seen is not null)
            .GroupBy(entry => entry.Seen!)
            .Select(group => (group.Key, group.Select(entry => entry.Observer).Distinct(StringComparer.Ordinal).Count()))
            .OrderByDescending(entry => entry.Item2)];

    /// <summary>What the router in between does with connections that leave from our listening port.</summary>
    /// <param name="connections">Open connections.</param>
    /// <param name="own">Addresses listened on.</param>
    public static NatMapping MappingOf(IEnumerable<P2PConnection> connections, IReadOnlyList<Multiaddr> own)
    {
        // IPv4 only: nobody translates IPv6 addresses at home.
        var mine = own.Select(address => address.TcpEndPoint).OfType<IPEndPoint>().Where(end => end.AddressFamily == AddressFamily.InterNetwork).ToHashSet();
        var views = connections.Where(connection => connection.IsOutbound && !connection.IsRelayed && connection.Remote.IsPlainTcp)
            .Select(connection => (connection.RemoteIp, Seen: Seen(connection)))
            .Where(entry => entry.RemoteIp is not null && entry.Seen is { AddressFamily: AddressFamily.InterNetwork })
            .GroupBy(entry => entry.RemoteIp!)
            .Select(group => group.Select(entry => entry.Seen!).ToHashSet())
            .ToList();
        if (mine.Count == 0 || views.Count == 0)
        {
            return NatMapping.Unknown;
        }

        if (views.All(view => view.Any(seen => mine.Any(end => end.Address.Equals(seen.Address)))))
        {
            return NatMapping.None;
        }

        if (views.Count == 1)
        {
            // One observer alone cannot tell, but a router that keeps the port does so for everybody.
            return views[0].Any(seen => mine.Any(end => end.Port == seen.Port)) ? NatMapping.EndpointIndependent : NatMapping.Unknown;
        }

        // A second connection to a peer leaves from any port: one common end point is enough.
        return views.Skip(1).Aggregate(views[0].AsEnumerable(), (common, view) => common.Intersect(view)).Any() ? NatMapping.EndpointIndependent : NatMapping.EndpointDependent;
    }

    /// <summary>Who counts as one observer: everybody of one neighbourhood.</summary>
    public static string ObserverOf(P2PConnection connection) => (connection.RemoteIp is { } ip ? IpGroup.Of(ip) : null) ?? connection.Peer.ToString();

    private static IPEndPoint? Seen(P2PConnection connection) => connection.ObservedAddress is { IsRelayed: false, TcpEndPoint: { } end } ? end : null;
}
