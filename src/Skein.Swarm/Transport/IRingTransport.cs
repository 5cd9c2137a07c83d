using Skein.Swarm.Errors;

namespace Skein.Swarm.Transport;

/// <summary>Opens and accepts streams between peers: plain TCP, memory, or libp2p. Thread-safe.</summary>
public interface IRingTransport : IAsyncDisposable
{
    /// <summary>Opens a stream to a peer.</summary>
    /// <param name="peer">Whom, and where.</param>
    /// <param name="protocol">One of <see cref="RingProtocols"/>.</param>
    /// <param name="trafficClass">What for.</param>
    /// <param name="cancellationToken">Safe at any time.</param>
    /// <returns>A full-duplex stream: reads and writes may be under way at once; disposing it aborts both.</returns>
    /// <exception cref="SwarmException"><see cref="SwarmError.ConnectFailed"/>, <see cref="SwarmError.UnsupportedProtocol"/> or <see cref="SwarmError.LimitReached"/>.</exception>
    ValueTask<Stream> ConnectAsync(PeerAddress peer, string protocol, TrafficClass trafficClass, CancellationToken cancellationToken);

    /// <summary>Serves a protocol from now on. Streams of protocols that nobody serves are refused.</summary>
    /// <exception cref="InvalidOperationException">The protocol is served already.</exception>
    void Handle(string protocol, RingStreamHandler handler);
}
