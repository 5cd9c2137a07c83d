using Skein.Lab.Streams;
using Skein.P2P.Addressing;
using Skein.P2P.Transports;

namespace Skein.Interop.Tests;

/// <summary>A transport whose bytes arrive late, as over a long way.</summary>
/// <param name="inner">The transport.</param>
/// <param name="line">What delays them.</param>
internal sealed class LateTransport(ITransport inner, LinkShaper line) : ITransport
{
    public bool CanDial(Multiaddr address) => inner.CanDial(address);

    public bool CanListen(Multiaddr address) => inner.CanListen(address);

    public async Task<RawConnection> DialAsync(Multiaddr address, AddressScope scope, CancellationToken cancellationToken) => Late(await inner.DialAsync(address, scope, cancellationToken));

    public Task<ITransportListener> ListenAsync(Multiaddr address, Action<RawConnection> onConnection, CancellationToken cancellationToken)
        => inner.ListenAsync(address, raw => onConnection(Late(raw)), cancellationToken);

    private RawConnection Late(RawConnection raw) => raw with { Stream = new ShapedStream(raw.Stream, line) };
}
