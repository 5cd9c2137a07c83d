namespace Skein.Swarm.Transport;

/// <summary>Serves one inbound stream; it belongs to the handler until its task ends.</summary>
/// <param name="stream">The stream.</param>
/// <param name="cancellationToken">Cancelled when the transport is disposed.</param>
public delegate Task RingStreamHandler(InboundStream stream, CancellationToken cancellationToken);
