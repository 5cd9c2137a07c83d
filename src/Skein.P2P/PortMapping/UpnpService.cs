namespace Skein.P2P.PortMapping;

/// <summary>The service of a router that opens ports.</summary>
/// <param name="Type">Its URN, which goes into every call.</param>
/// <param name="Control">Where calls are posted.</param>
public sealed record UpnpService(string Type, Uri Control);
