using Skein.P2P.Addressing;
using Skein.P2P.Errors;

namespace Skein.P2P.Transports;

/// <summary>Makes raw connections: bytes in order, nothing secured. Thread-safe.</summary>
public interface ITransport
{
    /// <summary>Whether addresses of this kind can be dialled.</summary>
    bool CanDial(Multiaddr address);

    /// <summary>Whether addresses of this kind can be listened on.</summary>
    bool CanListen(Multiaddr address);

    /// <summary>Dials.</summary>
    /// <param name="address">Without its peer id, or with it: it is not looked at.</param>
    /// <param name="scope">Where a name in it may lead. IP addresses are the caller's to judge.</param>
    /// <param name="cancellationToken">Safe.</param>
    /// <exception cref="P2PException"><see cref="P2PError.DialFailed"/>.</exception>
    Task<RawConnection> DialAsync(Multiaddr address, AddressScope scope, CancellationToken cancellationToken);

    /// <summary>Listens until the listener is disposed.</summary>
    /// <param name="address">Where; port 0 takes any.</param>
    /// <param name="onConnection">Takes each connection, and owns it. Called one at a time; must not block.</param>
    /// <param name="cancellationToken">Of the start only.</param>
    /// <exception cref="P2PException"><see cref="P2PError.DialFailed"/>: the address cannot be bound.</exception>
    Task<ITransportListener> ListenAsync(Multiaddr address, Action<RawConnection> onConnection, CancellationToken cancellationToken);
}
