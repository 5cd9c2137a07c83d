using System.Net.WebSockets;

namespace Skein.P2P.Transports.WebSockets;

/// <summary>A WebSocket as a stream of bytes: binary messages, whose borders carry no meaning (libp2p/specs, websockets).</summary>
/// <remarks>Takes any upgraded WebSocket: a client's, Kestrel's, or that of this library's own listener.</remarks>
public sealed class WebSocketStream : AsyncStream
{
    private readonly WebSocket _socket;
    private readonly IDisposable? _owner;

    /// <summary>Wraps a WebSocket, which the stream then owns.</summary>
    /// <param name="socket">Open.</param>
    /// <param name="owner">Disposed with the stream.</param>
    public WebSocketStream(WebSocket socket, IDisposable? owner = null)
    {
        _socket = socket;
        _owner = owner;
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            ValueWebSocketReceiveResult result;
            try
            {
                result = await _socket.ReceiveAsync(buffer, cancellationToken);
            }
            catch (Exception fault) when (IsLoss(fault, cancellationToken))
            {
                throw new IOException("The WebSocket was lost.", fault);
            }

            switch (result.MessageType)
            {
                case WebSocketMessageType.Close:
                    return 0;
                case WebSocketMessageType.Text:
                    throw new IOException("A text message came on a WebSocket that carries binary ones.");
                case WebSocketMessageType.Binary when result.Count > 0:
                    return result.Count;
            }
        }
    }

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            await _socket.SendAsync(buffer, WebSocketMessageType.Binary, endOfMessage: true, cancellationToken);
        }
        catch (Exception fault) when (IsLoss(fault, cancellationToken))
        {
            throw new IOException("The WebSocket was lost.", fault);
        }
    }

    // A WebSocket that is aborted, here or by the server that carries it, ends its reads as cancelled though nobody cancelled them.
    private static bool IsLoss(Exception fault, CancellationToken cancellationToken)
        => fault is WebSocketException or ObjectDisposedException || (fault is OperationCanceledException && !cancellationToken.IsCancellationRequested);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            // Without the closing handshake: the layer above has said good-bye already, or has no reason to.
            _socket.Abort();
            _socket.Dispose();
            _owner?.Dispose();
        }

        base.Dispose(disposing);
    }
}
