namespace Skein.P2P.Connections;

/// <summary>Serves one inbound stream. When its task ends, the stream is finished and disposed; when it fails, the stream is reset.</summary>
/// <param name="stream">The stream; no longer than the task.</param>
/// <param name="cancellationToken">Cancelled when the host is disposed.</param>
public delegate Task P2PStreamHandler(P2PStream stream, CancellationToken cancellationToken);
