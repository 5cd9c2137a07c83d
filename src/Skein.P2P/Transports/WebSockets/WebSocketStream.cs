using System.Net.WebSockets;

namespace Skein.P2P.Transports.WebSockets;

/// <summary>A WebSocket as a stream of bytes: binary messages, whose borders carry no meaning (libp2p/specs, websockets).</summary>
/// <remarks>Takes any upgraded WebSocket: a client's, Kestrel's, or that of this library's own listener.</remarks>
public sealed class WebSocketStream : Stream
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
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

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
            catch (WebSocketException fault)
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
        catch (WebSocketException fault)
        {
            throw new IOException("The WebSocket was lost.", fault);
        }
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override void Flush()
    {
        // Every message is sent at once.
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Asynchronous only.");

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Asynchronous only.");

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

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
