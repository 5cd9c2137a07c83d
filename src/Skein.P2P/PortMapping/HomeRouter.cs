using System.Net;
using System.Net.Sockets;
using Skein.P2P.Addressing;

namespace Skein.P2P.PortMapping;

/// <summary>The router of this machine's network, asked in all the ways that routers understand.</summary>
public static class HomeRouter
{
    private static readonly IPEndPoint UpnpGroup = new(IPAddress.Parse("239.255.255.250"), 1900);

    /// <summary>Makes the service that keeps a port of the router for this node.</summary>
    /// <param name="listening">Where the node listens.</param>
    /// <param name="time">Clock.</param>
    /// <returns>Null if there is nothing to ask for: no private IPv4 address is listened on, or there is no router.</returns>
    public static PortMappingService? CreateService(IReadOnlyList<Multiaddr> listening, TimeProvider time)
    {
        var own = listening.Select(address => address.TcpEndPoint).OfType<IPEndPoint>()
            .FirstOrDefault(end => end.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(end.Address) && !IpScope.IsPublic(end.Address));
        if (own is null || DefaultGateway.Find() is not { } router)
        {
            return null;
        }

        var natPmp = new IPEndPoint(router, NatPmpMessages.RouterPort);
        // The client of UPnP holds connections to the router as long as the process lives.
        return new PortMappingService([new PcpClient(natPmp, time), new NatPmpClient(natPmp, time), new UpnpClient(router, UpnpGroup, time, Random.Shared)], own.Port, new PortMappingOptions(), time);
    }
}
