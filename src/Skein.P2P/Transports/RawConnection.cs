using System.Net;
using Skein.P2P.Addressing;
using Skein.P2P.Relay;

namespace Skein.P2P.Transports;

/// <summary>A connection before anything is known about its other end.</summary>
/// <param name="Stream">Full duplex; disposing it closes the connection.</param>
/// <param name="Remote">The other end as the network shows it: what a listener sees is a port that nobody listens on.</param>
/// <param name="RemoteIp">Its IP address, for limits; null where there is none.</param>
public sealed record RawConnection(Stream Stream, Multiaddr Remote, IPAddress? RemoteIp)
{
    /// <summary>Through a relay: what it may carry; null for no bound.</summary>
    public RelayLimit? Limit { get; init; }
}
