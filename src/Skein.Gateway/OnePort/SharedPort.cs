using System.Net;
using Skein.P2P.Transports.Tcp;

namespace Skein.Gateway.OnePort;

/// <summary>Where the port of libp2p and Kestrel meet: connections that begin with an HTTP request or a TLS handshake are Kestrel's. Thread-safe.</summary>
/// <remarks>
/// <para>The port is libp2p's: its listener reads the first three bytes of each connection and offers what is not its own to <see cref="OfferHttp"/> and <see cref="OfferTls"/>, unread.
/// It may begin before Kestrel does; what arrives in between waits, and what arrives after Kestrel has stopped is closed.</para>
/// <para>A WebSocket that Kestrel upgrades goes back to libp2p: see <see cref="PeerWebSockets"/>.</para>
/// </remarks>
public sealed class SharedPort : IAsyncDisposable
{
    private readonly SharedPortQueue _http = new();
    private readonly SharedPortQueue _tls = new();

    /// <summary>Takes a connection that begins with an HTTP request, and owns it.</summary>
    public Task OfferHttp(ForeignConnection connection) => _http.OfferAsync(connection);

    /// <summary>Takes a connection that begins with a TLS handshake, and owns it.</summary>
    public Task OfferTls(ForeignConnection connection) => _tls.OfferAsync(connection);

    /// <summary>What Kestrel listens on for plain HTTP.</summary>
    internal SharedEndPoint HttpAt(IPEndPoint bound) => new(_http, bound);

    /// <summary>What Kestrel listens on for HTTPS.</summary>
    internal SharedEndPoint TlsAt(IPEndPoint bound) => new(_tls, bound);

    /// <summary>Closes what still waits for Kestrel, and whatever comes yet.</summary>
    public async ValueTask DisposeAsync()
    {
        await _http.CloseAsync();
        await _tls.CloseAsync();
    }
}
