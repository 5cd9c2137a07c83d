using System.Net;
using System.Net.Sockets;
using Skein.P2P.Addressing;

namespace Skein.P2P.PortMapping;

/// <summary>The router of this machine's network, asked in all the ways that routers understand.</summary>
public static class HomeRouter
{
    private static readonly IPEndPoint UpnpGroup = new(IPAddress.Parse("239.255.255.250"), 1900);

    /// <summary>Makes the service that keeps a port of the router for this node. The router is looked for anew at each round: a laptop changes networks.</summary>
    /// <param name="listening">Where the node listens.</param>
    /// <param name="time">Clock.</param>
    /// <returns>Null if there is nothing to ask for: no private IPv4 address is listened on.</returns>
    public static PortMappingService? CreateService(IReadOnlyList<Multiaddr> listening, TimeProvider time)
    {
        var own = listening.Select(address => address.TcpEndPoint).OfType<IPEndPoint>()
            .FirstOrDefault(end => end.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(end.Address) && !IpScope.IsPublic(end.Address));
        return own is null ? null : new PortMappingService(DefaultGateway.Find, router => WaysTo(router, time), own.Port, new PortMappingOptions(), time);
    }

    private static IReadOnlyList<IPortMapper> WaysTo(IPAddress router, TimeProvider time)
    {
        var natPmp = new IPEndPoint(router, NatPmpMessages.RouterPort);
        return [new PcpClient(natPmp, time), new NatPmpClient(natPmp, time), new UpnpClient(router, UpnpGroup, time, Random.Shared)];
    }
}
