using Skein.Lab.Streams;
using Skein.P2P.Addressing;
using Skein.P2P.Transports;

namespace Skein.Cli.Bench.Net;

/// <summary>A transport all of whose connections leave through one slow line, below encryption and muxer.</summary>
internal sealed class ShapedTransport(ITransport inner, LinkShaper line) : ITransport
{
    /// <inheritdoc/>
    public bool CanDial(Multiaddr address) => inner.CanDial(address);

    /// <inheritdoc/>
    public bool CanListen(Multiaddr address) => inner.CanListen(address);

    /// <inheritdoc/>
    public async Task<RawConnection> DialAsync(Multiaddr address, AddressScope scope, CancellationToken cancellationToken) => Shape(await inner.DialAsync(address, scope, cancellationToken));

    /// <inheritdoc/>
    public Task<ITransportListener> ListenAsync(Multiaddr address, Action<RawConnection> onConnection, CancellationToken cancellationToken)
        => inner.ListenAsync(address, raw => onConnection(Shape(raw)), cancellationToken);

    private RawConnection Shape(RawConnection raw) => raw with { Stream = new ShapedStream(raw.Stream, line) };
}
