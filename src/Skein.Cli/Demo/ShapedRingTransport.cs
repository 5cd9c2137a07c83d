using Skein.Lab.Streams;
using Skein.Swarm.Transport;

namespace Skein.Cli.Demo;

/// <summary>A transport whose every stream leaves through one slow line, as from a home far away.</summary>
/// <remarks>Both ends of a stream must shape it: each delays what it sends. Setting up a connection is not delayed.</remarks>
internal sealed class ShapedRingTransport(IRingTransport inner, LinkShaper line) : IRingTransport
{
    /// <inheritdoc/>
    public async ValueTask<Stream> ConnectAsync(PeerAddress peer, string protocol, TrafficClass trafficClass, CancellationToken cancellationToken)
        => new ShapedStream(await inner.ConnectAsync(peer, protocol, trafficClass, cancellationToken), line);

    /// <inheritdoc/>
    public void Handle(string protocol, RingStreamHandler handler)
        => inner.Handle(protocol, async (inbound, cancellationToken) =>
        {
            await using var shaped = new ShapedStream(inbound.Stream, line);
            await handler(inbound with { Stream = shaped }, cancellationToken);
        });

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
