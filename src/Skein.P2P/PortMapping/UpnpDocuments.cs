using System.Net;
using System.Security;
using System.Text;
using System.Xml;

namespace Skein.P2P.PortMapping;

/// <summary>The XML of UPnP's internet gateway: its description and the calls to its port service. No DTDs, no entities, bounded size and depth.</summary>
public static class UpnpDocuments
{
    /// <summary>The largest document that is read. Real descriptions have 2 to 20 KB.</summary>
    public const int MaxDocument = 128 * 1024;

    private const int MaxDepth = 32;

    // Preferred first: version 2 knows AddAnyPortMapping, but version 1's calls are answered by both.
    private static readonly string[] ServiceTypes =
    [
        "urn:schemas-upnp-org:service:WANIPConnection:2",
        "urn:schemas-upnp-org:service:WANIPConnection:1",
        "urn:schemas-upnp-org:service:WANPPPConnection:1",
    ];

    /// <summary>Finds the port service in a router's description.</summary>
    /// <param name="xml">The description.</param>
    /// <param name="location">Where it was fetched; the control address must lie on the same host.</param>
    /// <param name="service">The best service.</param>
    public static bool TryReadDescription(ReadOnlySpan<byte> xml, Uri location, out UpnpService service)
    {
        service = null!;
        var best = int.MaxValue;
        UpnpService? found = null;
        var read = TryWalk(xml, (path, leaves) =>
        {
            if (path != "service" || !leaves.TryGetValue("serviceType", out var type) || !leaves.TryGetValue("controlURL", out var control))
            {
                return;
            }

            var rank = Array.IndexOf(ServiceTypes, type);
            // A description that sends us elsewhere wants us to call a stranger.
            if (rank >= 0 && rank < best && Uri.TryCreate(location, control, out var address) && address.Scheme == Uri.UriSchemeHttp && address.Host == location.Host)
            {
                best = rank;
                found = new UpnpService(type, address);
            }
        });
        service = found!;
        return read && found is not null;
    }

    /// <summary>Reads one value of a SOAP answer, such as <c>NewExternalIPAddress</c>.</summary>
    public static bool TryReadValue(ReadOnlySpan<byte> xml, string name, out string value)
    {
        string? found = null;
        var read = TryWalk(xml, (_, leaves) => found ??= leaves.GetValueOrDefault(name));
        value = found ?? string.Empty;
        return read && found is not null;
    }

    /// <summary>Reads the external address of a SOAP answer.</summary>
    public static bool TryReadAddress(ReadOnlySpan<byte> xml, out IPAddress address)
    {
        address = IPAddress.Any;
        return TryReadValue(xml, "NewExternalIPAddress", out var text) && IPAddress.TryParse(text, out address!);
    }

    /// <summary>Writes a call.</summary>
    public static byte[] Call(string serviceType, string action, IEnumerable<KeyValuePair<string, string>> arguments)
    {
        var body = new StringBuilder();
        body.Append("<?xml version=\"1.0\"?><s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"><s:Body>");
        body.Append("<u:").Append(action).Append(" xmlns:u=\"").Append(serviceType).Append("\">");
        foreach (var (name, value) in arguments)
        {
            body.Append('<').Append(name).Append('>').Append(SecurityElement.Escape(value)).Append("</").Append(name).Append('>');
        }

        body.Append("</u:").Append(action).Append("></s:Body></s:Envelope>");
        return Encoding.UTF8.GetBytes(body.ToString());
    }

    // Calls back at the end of each element with the texts of its direct children.
    private static bool TryWalk(ReadOnlySpan<byte> xml, Action<string, Dictionary<string, string>> onElement)
    {
        if (xml.Length > MaxDocument)
        {
            return false;
        }

        try
        {
            // Decoded here: the reader's own detection of encodings throws other things than XmlException at some malformed declarations.
            using var text = new StringReader(Encoding.UTF8.GetString(xml).TrimStart('\uFEFF'));
            using var reader = XmlReader.Create(text, new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, IgnoreComments = true, MaxCharactersInDocument = MaxDocument });
            var open = new Stack<(string Name, Dictionary<string, string> Leaves, StringBuilder Text)>();
            while (reader.Read())
            {
                switch (reader.NodeType)
                {
                    case XmlNodeType.Element:
                        if (open.Count == MaxDepth)
                        {
                            return false;
                        }

                        open.Push((reader.LocalName, new Dictionary<string, string>(StringComparer.Ordinal), new StringBuilder()));
                        if (reader.IsEmptyElement)
                        {
                            Close();
                        }

                        break;
                    case XmlNodeType.Text or XmlNodeType.CDATA when open.Count > 0:
                        open.Peek().Text.Append(reader.Value);
                        break;
                    case XmlNodeType.EndElement:
                        Close();
                        break;
                    default:
                        break;
                }
            }

            return true;

            void Close()
            {
                var (name, leaves, content) = open.Pop();
                onElement(name, leaves);
                if (open.Count > 0)
                {
                    open.Peek().Leaves[name] = content.ToString().Trim();
                }
            }
        }
        catch (XmlException)
        {
            return false;
        }
    }
}
