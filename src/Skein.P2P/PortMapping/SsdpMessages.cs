using System.Text;

namespace Skein.P2P.PortMapping;

/// <summary>The discovery datagrams of UPnP (UPnP Device Architecture 1.1, section 1.3).</summary>
public static class SsdpMessages
{
    // A datagram that fits no Ethernet frame is nobody's honest answer.
    private const int MaxDatagram = 2048;
    private const int MaxLocation = 512;

    /// <summary>The search for an internet gateway of either version.</summary>
    /// <param name="target"><c>urn:schemas-upnp-org:device:InternetGatewayDevice:1</c> or another search target.</param>
    public static byte[] Search(string target) => Encoding.ASCII.GetBytes(
        "M-SEARCH * HTTP/1.1\r\n" +
        "HOST: 239.255.255.250:1900\r\n" +
        "MAN: \"ssdp:discover\"\r\n" +
        "MX: 2\r\n" +
        $"ST: {target}\r\n\r\n");

    /// <summary>Reads the answer to a search.</summary>
    /// <param name="datagram">What came.</param>
    /// <param name="location">Where the router describes itself.</param>
    public static bool TryReadResponse(ReadOnlySpan<byte> datagram, out Uri location)
    {
        location = null!;
        if (datagram.Length > MaxDatagram || !datagram.StartsWith("HTTP/1.1 200"u8) && !datagram.StartsWith("HTTP/1.0 200"u8))
        {
            return false;
        }

        foreach (var line in Encoding.ASCII.GetString(datagram).Split('\n'))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0 && line.AsSpan(0, colon).Trim().Equals("LOCATION", StringComparison.OrdinalIgnoreCase))
            {
                var value = line[(colon + 1)..].Trim();
                return value.Length <= MaxLocation && Uri.TryCreate(value, UriKind.Absolute, out location!) && location.Scheme == Uri.UriSchemeHttp;
            }
        }

        return false;
    }
}
