using Skein.P2P.PortMapping;

namespace Skein.Fuzz.Targets;

/// <summary>The XML of UPnP routers.</summary>
[Fuzzes(typeof(UpnpDocuments))]
public sealed class UpnpDocumentTarget : IFuzzTarget
{
    private static readonly Uri Location = new("http://192.168.1.1:5000/root.xml");

    public string Name => "upnp-document";

    public void Run(ReadOnlySpan<byte> data)
    {
        if (UpnpDocuments.TryReadDescription(data, Location, out var service))
        {
            FuzzCheck.Holds(service is not null, "a description that was read names a service");
        }

        UpnpDocuments.TryReadValue(data, "NewExternalPort", out _);
        UpnpDocuments.TryReadAddress(data, out _);
    }
}
