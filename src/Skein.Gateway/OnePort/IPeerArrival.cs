using System.Net;
using Skein.P2P.Transports;

namespace Skein.Gateway.OnePort;

/// <summary>A feature of connections that came by the port of libp2p: the way back there.</summary>
internal interface IPeerArrival
{
    /// <summary>The other end.</summary>
    IPEndPoint Remote { get; }

    /// <summary>Hands over what carries libp2p; the callee owns it.</summary>
    void Upgraded(RawConnection connection);
}
