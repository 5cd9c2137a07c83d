using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Skein.P2P.PortMapping;

/// <summary>Finds the home router.</summary>
public static class DefaultGateway
{
    /// <summary>The IPv4 default gateway of the first interface, those that are up before those that are only coming up; or null.</summary>
    public static IPAddress? Find() => NetworkInterface.GetAllNetworkInterfaces()
        .Where(face => face.NetworkInterfaceType != NetworkInterfaceType.Loopback)
        .OrderByDescending(face => face.OperationalStatus == OperationalStatus.Up)
        .SelectMany(face => face.GetIPProperties().GatewayAddresses)
        .Select(gateway => gateway.Address)
        .FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork && !address.Equals(IPAddress.Any));
}
