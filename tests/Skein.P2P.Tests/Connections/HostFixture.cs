using Skein.P2P.Addressing;
using Skein.P2P.Connections;
using Skein.P2P.Identity;
using Skein.P2P.Transports;
using Skein.P2P.Transports.Memory;
using Skein.P2P.Transports.Tcp;
using Skein.P2P.Transports.WebSockets;
using Skein.P2P.Yamux;

namespace Skein.P2P.Tests.Connections;

/// <summary>Hosts for tests.</summary>
internal static class HostFixture
{
    public const string EchoProtocol = "/skein/test/echo/1.0.0";

    public static async Task<P2PHost> StartTcpAsync(Func<P2PHostOptions, P2PHostOptions>? change = null, bool listen = true, TcpTransportOptions? tcp = null)
    {
        var transport = new TcpTransport(tcp ?? new TcpTransportOptions(), TimeProvider.System);
        return await StartAsync([transport, new WebSocketTransport(transport)], listen ? ["/ip4/127.0.0.1/tcp/0"] : [], TimeProvider.System, change);
    }

    public static Task<P2PHost> StartMemoryAsync(MemoryNetwork network, string name, TimeProvider time, Func<P2PHostOptions, P2PHostOptions>? change = null)
        => StartAsync([network.TransportOf(name)], [$"/memory/{name}"], time, change);

    public static async Task<byte[]> EchoAsync(P2PHost from, PeerId to, byte[] bytes, StreamClass streamClass = StreamClass.Control)
    {
        await using var stream = await from.NewStreamAsync(to, EchoProtocol, streamClass, CancellationToken.None);
        var write = Task.Run(async () =>
        {
            await stream.WriteAsync(bytes);
            await stream.CloseWriteAsync();
        });
        using var all = new MemoryStream();
        await Task.WhenAll(write, stream.CopyToAsync(all)).Within("the echo");
        return all.ToArray();
    }

    public static Multiaddr AddressOf(P2PHost host) => host.Addresses[0].WithPeerId(host.Id);

    private static async Task<P2PHost> StartAsync(IReadOnlyList<ITransport> transports, IReadOnlyList<string> listen, TimeProvider time, Func<P2PHostOptions, P2PHostOptions>? change)
    {
        var options = new P2PHostOptions { Key = PeerKey.Generate(), Listen = [.. listen.Select(Multiaddr.Parse)] };
        var host = new P2PHost(change?.Invoke(options) ?? options, transports, time);
        host.Handle(EchoProtocol, StreamClass.Control, async (stream, token) =>
        {
            var buffer = new byte[65536];
            while (await stream.ReadAsync(buffer, token) is var count and > 0)
            {
                await stream.WriteAsync(buffer.AsMemory(0, count), token);
            }
        }, maxStreams: 1000);
        await host.StartAsync(CancellationToken.None);
        return host;
    }
}
