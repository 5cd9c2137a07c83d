using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using Skein.P2P.Addressing;
using Skein.P2P.Errors;
using Skein.P2P.Transports.Tcp;

namespace Skein.P2P.Transports.WebSockets;

/// <summary>Dials WebSockets, with TLS or without. Listening is the TCP transport's part: one port serves both. Thread-safe.</summary>
public sealed class WebSocketTransport : ITransport
{
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(30);

    private readonly TcpTransport _tcp;
    private readonly RemoteCertificateValidationCallback? _trust;

    /// <summary>Creates the transport.</summary>
    /// <param name="tcp">Makes the connections below.</param>
    /// <param name="trust">Which certificates are believed; null for those that this machine believes. Who the peer is, its Noise handshake proves in any case.</param>
    public WebSocketTransport(TcpTransport tcp, RemoteCertificateValidationCallback? trust = null)
    {
        _tcp = tcp;
        _trust = trust;
    }

    /// <inheritdoc/>
    public bool CanDial(Multiaddr address) => address.HasTcp && address.IsWebSocket && !address.IsRelayed;

    /// <inheritdoc/>
    public bool CanListen(Multiaddr address) => false;

    /// <inheritdoc/>
    public async Task<RawConnection> DialAsync(Multiaddr address, AddressScope scope, CancellationToken cancellationToken)
    {
        IPAddress? remoteIp = null;
        var invoker = new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = _trust },
            ConnectCallback = async (_, token) =>
            {
                var socket = await _tcp.ConnectAsync(address, scope, token);
                remoteIp = ((IPEndPoint)socket.RemoteEndPoint!).Address;
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        var client = new ClientWebSocket();
        client.Options.KeepAliveInterval = KeepAlive;
        try
        {
            await client.ConnectAsync(UrlOf(address), invoker, cancellationToken);
            return new RawConnection(new WebSocketStream(client, invoker), address.WithoutPeerId(), remoteIp);
        }
        catch (WebSocketException fault)
        {
            client.Dispose();
            invoker.Dispose();
            throw new P2PException(P2PError.DialFailed, $"Cannot open a WebSocket to {address}: {(fault.InnerException ?? fault).Message}", fault);
        }
        catch
        {
            client.Dispose();
            invoker.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public Task<ITransportListener> ListenAsync(Multiaddr address, Action<RawConnection> onConnection, CancellationToken cancellationToken)
        => throw new NotSupportedException("Listen on plain TCP: the same port takes WebSockets.");

    // TLS checks the name that stands in the address, or the one that /sni gives.
    private static Uri UrlOf(Multiaddr address)
    {
        var name = address.Parts.FirstOrDefault(part => part.Code == MultiaddrCode.Sni) is { Value.IsEmpty: false } sni ? sni.Text : address.Parts[0].ValueText;
        var path = address.Parts.FirstOrDefault(part => part.Code == MultiaddrCode.HttpPath) is { Value.IsEmpty: false } http ? http.Text : string.Empty;
        return new UriBuilder(address.IsTls ? "wss" : "ws", name, address.Parts[1].Port, path.StartsWith('/') ? path : "/" + path).Uri;
    }
}
