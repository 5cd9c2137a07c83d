using System.Net;

namespace Skein.P2P.PortMapping;

/// <summary>A port of the home router that leads to us.</summary>
/// <param name="External">Address and port that the world dials. The address may be unspecified when the router does not tell it.</param>
/// <param name="InternalPort">Our port.</param>
/// <param name="Lifetime">How long the router keeps it unless renewed; zero means until it is removed.</param>
/// <param name="Method">Who made it: <c>pcp</c>, <c>nat-pmp</c> or <c>upnp</c>.</param>
public sealed record MappedPort(IPEndPoint External, int InternalPort, TimeSpan Lifetime, string Method);
