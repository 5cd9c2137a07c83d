using Skein.P2P.Addressing;
using Skein.P2P.Errors;

namespace Skein.P2P.Transports;

/// <summary>A transport whose calls can cross: both sides call each other from the ports they listen on.</summary>
public interface IPunchTransport
{
    /// <summary>Whether addresses of this kind can be called so.</summary>
    bool CanPunch(Multiaddr address);

    /// <summary>Calls from the listening port until the call is answered, crosses the other side's, or is cancelled; a refused call is repeated.</summary>
    /// <param name="address">Where the other side is seen.</param>
    /// <param name="takeInbound">Whether a call of the other side that arrives at the listening port is taken as this one: for the side that speaks first.</param>
    /// <param name="cancellationToken">Safe.</param>
    /// <exception cref="P2PException"><see cref="P2PError.DialFailed"/>: this host does not listen, or the network refuses for good.</exception>
    Task<RawConnection> PunchAsync(Multiaddr address, bool takeInbound, CancellationToken cancellationToken);
}
