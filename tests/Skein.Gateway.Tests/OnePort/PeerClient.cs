using System.Net.Security;
using Skein.Gateway.Tests.Fakes;
using Skein.P2P.Addressing;
using Skein.P2P.Connections;
using Skein.P2P.Identity;
using Skein.P2P.Transports.Tcp;
using Skein.P2P.Transports.WebSockets;
using Skein.P2P.Yamux;

namespace Skein.Gateway.Tests.OnePort;

/// <summary>A libp2p peer that dials a gateway.</summary>
internal static class PeerClient
{
    public const string EchoProtocol = "/skein/test/echo/1.0.0";

    public static async Task<P2PHost> StartAsync(RemoteCertificateValidationCallback? trust = null)
    {
        var tcp = new TcpTransport(new TcpTransportOptions(), TimeProvider.System);
        var host = new P2PHost(new P2PHostOptions { Key = PeerKey.Generate() }, [tcp, new WebSocketTransport(tcp, trust)], TimeProvider.System);
        await host.StartAsync(CancellationToken.None);
        return host;
    }

    /// <summary>The gateway's address as a peer, with what follows the port.</summary>
    public static Multiaddr AddressOf(TestGateway gateway, string suffix) => Multiaddr.Parse(FormattableString.Invariant($"/ip4/127.0.0.1/tcp/{gateway.Address.Port}{suffix}")).WithPeerId(gateway.Host!.Id);

    /// <summary>Lets the gateway's host say again what it is told.</summary>
    public static void Echo(TestGateway gateway)
        => gateway.Host!.Handle(EchoProtocol, StreamClass.Bulk, async (stream, token) =>
        {
            var buffer = new byte[65536];
            while (await stream.ReadAsync(buffer, token) is var count and > 0)
            {
                await stream.WriteAsync(buffer.AsMemory(0, count), token);
            }
        });

    public static async Task<byte[]> EchoAsync(P2PConnection connection, byte[] bytes)
    {
        await using var stream = await connection.NewStreamAsync(EchoProtocol, StreamClass.Bulk, CancellationToken.None);
        var write = Task.Run(async () =>
        {
            await stream.WriteAsync(bytes);
            await stream.CloseWriteAsync();
        });
        using var all = new MemoryStream();
        await Task.WhenAll(write, stream.CopyToAsync(all)).Within("the echo");
        return all.ToArray();
    }
}
