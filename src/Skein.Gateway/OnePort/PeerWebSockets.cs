using Microsoft.Extensions.Hosting;
using Skein.Gateway.Errors;
using Skein.Gateway.Hosting;
using Skein.P2P.Addressing;
using Skein.P2P.Transports;
using Skein.P2P.Transports.WebSockets;

namespace Skein.Gateway.OnePort;

/// <summary>Upgrades WebSockets that carry libp2p and hands them to the host whose port they came by. Thread-safe.</summary>
internal sealed class PeerWebSockets(GatewayOptions options, IHostApplicationLifetime lifetime)
{
    // Pings keep proxies from closing a quiet connection.
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(30);

    private int _open;

    /// <summary>Whether a request is one of these: a WebSocket, at a port that is shared with libp2p.</summary>
    public static bool IsAskedFor(HttpContext context) => context.WebSockets.IsWebSocketRequest && context.Features.Get<IPeerArrival>() is not null;

    /// <summary>Upgrades and hands over; ends when the host has let the connection go, or the gateway stops.</summary>
    /// <exception cref="ApiException">503: there are too many already.</exception>
    public async Task ServeAsync(HttpContext context)
    {
        try
        {
            if (Interlocked.Increment(ref _open) > options.MaxPeerWebSockets)
            {
                throw ApiException.TooManyPeers();
            }

            var arrival = context.Features.Get<IPeerArrival>() ?? throw new InvalidOperationException("The connection did not come by the port of libp2p.");
            var socket = await context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext { KeepAliveInterval = KeepAlive });
            var held = new HeldRequest();
            await using var stream = new WebSocketStream(socket, held);
            await using var stopping = lifetime.ApplicationStopping.Register(stream.Dispose);
            await using var gone = context.RequestAborted.Register(stream.Dispose);
            arrival.Upgraded(new RawConnection(stream, AddressOf(arrival, context.Request.IsHttps), arrival.Remote.Address));
            await held.Ended;
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }

    private static Multiaddr AddressOf(IPeerArrival arrival, bool isSecure)
    {
        var address = Multiaddr.FromTcp(arrival.Remote);
        return (isSecure ? address.Then(new MultiaddrPart(MultiaddrCode.Tls, default)) : address).Then(new MultiaddrPart(MultiaddrCode.Ws, default));
    }

    // An upgraded connection lasts as long as the request that asked for it.
    private sealed class HeldRequest : IDisposable
    {
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Ended => _ended.Task;

        public void Dispose() => _ended.TrySetResult();
    }
}
