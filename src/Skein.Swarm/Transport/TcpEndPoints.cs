using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Text;
using Skein.Core.Decoding;
using Skein.Swarm.Wire;

namespace Skein.Swarm.Transport;

/// <summary>TCP addresses as people write them.</summary>
[Decoder]
internal static class TcpEndPoints
{
    /// <summary>Reads <c>host:port</c>, <c>1.2.3.4:port</c> or <c>[::1]:port</c>.</summary>
    /// <exception cref="FormatException">Another notation.</exception>
    public static EndPoint Parse(string text)
        => TryParse(text, out var endpoint) ? endpoint : throw new FormatException($"'{text}' is no address: write host:port, 192.0.2.1:4501 or [2001:db8::1]:4501.");

    /// <summary>Reads an address that came from a peer.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out EndPoint? endpoint)
    {
        endpoint = null;
        if (text.Length > WireLimits.MaxPeerId || !Ascii.IsValid(text))
        {
            return false;
        }

        var colon = text.LastIndexOf(':');
        if (colon < 1 || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port == 0)
        {
            return false;
        }

        var host = text[..colon];
        if (host.StartsWith('[') && host.EndsWith(']'))
        {
            host = host[1..^1];
            if (!IPAddress.TryParse(host, out var v6))
            {
                return false;
            }

            endpoint = new IPEndPoint(v6, port);
            return true;
        }

        if (host.Contains(':') || Uri.CheckHostName(host) is UriHostNameType.Unknown or UriHostNameType.Basic)
        {
            return false;
        }

        endpoint = IPAddress.TryParse(host, out var address) ? new IPEndPoint(address, port) : new DnsEndPoint(host, port);
        return true;
    }
}
