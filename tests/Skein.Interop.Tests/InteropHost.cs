using Skein.P2P.Addressing;
using Skein.P2P.Connections;
using Skein.P2P.Identity;
using Skein.P2P.Transports;
using Skein.P2P.Transports.Tcp;
using Skein.P2P.Transports.WebSockets;
using Skein.P2P.Yamux;

namespace Skein.Interop.Tests;

/// <summary>This library's side: the protocols that peer.mjs serves, too.</summary>
internal static class InteropHost
{
    public const string Echo = "/skein/test/echo/1.0.0";
    public const string Count = "/skein/test/count/1.0.0";
    public const string Slow = "/skein/test/slow/1.0.0";
    public const string Reset = "/skein/test/reset/1.0.0";

    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    public static Task<P2PHost> StartAsync(bool earlyMuxer = true) => StartAsync(options => options with { EarlyMuxer = earlyMuxer });

    public static async Task<P2PHost> StartAsync(Func<P2PHostOptions, P2PHostOptions> change, TcpTransport? tcp = null, Func<ITransport, ITransport>? wrap = null)
    {
        tcp ??= new TcpTransport(new TcpTransportOptions(), TimeProvider.System);
        var options = change(new P2PHostOptions
        {
            Key = PeerKey.Generate(),
            Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")],
            Yamux = new YamuxOptions { MaxInboundStreams = 2000, MaxOutboundStreams = 2000 },
        });
        var host = new P2PHost(options, [wrap is null ? tcp : wrap(tcp), new WebSocketTransport(tcp)], TimeProvider.System);
        host.Handle(Echo, StreamClass.Bulk, EchoAsync, maxStreams: 2000);
        host.Handle(Count, StreamClass.Bulk, (stream, token) => AnswerCountAsync(stream, TimeSpan.Zero, token), maxStreams: 2000);
        host.Handle(Slow, StreamClass.Control, (stream, token) => AnswerCountAsync(stream, TimeSpan.FromMilliseconds(2), token));
        host.Handle(Reset, StreamClass.Control, async (stream, token) =>
        {
            await stream.ReadExactlyAsync(new byte[1], token);
            stream.Reset();
        });
        await host.StartAsync(CancellationToken.None);
        return host;
    }

    public static string AddressOf(P2PHost host, bool webSocket)
        => (webSocket ? Multiaddr.Parse(host.Addresses[0] + "/ws") : host.Addresses[0]).WithPeerId(host.Id).ToString();

    /// <summary>Waits until a condition holds: js-libp2p may know of a connection before this side does.</summary>
    public static async Task UntilAsync(Func<bool> condition, string phase)
    {
        var end = Environment.TickCount64 + (long)Bound.TotalMilliseconds;
        while (!condition())
        {
            Assert.True(Environment.TickCount64 < end, $"Still missing after {Bound.TotalSeconds:0} s: {phase}.");
            await Task.Delay(10);
        }
    }

    /// <summary>Writes and reads at once; fails where the two differ.</summary>
    public static async Task EchoAsync(P2PHost host, PeerId peer, int size, int salt = 7)
    {
        await using var stream = await host.NewStreamAsync(peer, Echo, StreamClass.Bulk, CancellationToken.None);
        var sent = Pattern(size, salt);
        var back = new byte[size + 1];
        var have = 0;
        var reading = Task.Run(async () =>
        {
            while (await stream.ReadAsync(back.AsMemory(have)) is var count and > 0)
            {
                have += count;
            }
        });
        var writing = Task.Run(async () =>
        {
            await stream.WriteAsync(sent);
            await stream.CloseWriteAsync();
        });
        await Task.WhenAll(reading, writing).WaitAsync(Bound);
        Assert.Equal(size, have);
        Assert.True(sent.AsSpan().SequenceEqual(back.AsSpan(0, size)), "other bytes came back");
    }

    public static async Task<string> AskAsync(P2PHost host, PeerId peer, string protocol, int size)
    {
        await using var stream = await host.NewStreamAsync(peer, protocol, StreamClass.Bulk, CancellationToken.None);
        await stream.WriteAsync(new byte[size]).AsTask().WaitAsync(Bound);
        await stream.CloseWriteAsync();
        using var reader = new StreamReader(stream, leaveOpen: true);
        return await reader.ReadToEndAsync().WaitAsync(Bound);
    }

    private static byte[] Pattern(int size, int salt)
    {
        var bytes = new byte[size];
        for (var i = 0; i < size; i++)
        {
            bytes[i] = (byte)((i * 31) + ((i >> 8) * 17) + salt);
        }

        return bytes;
    }

    private static async Task EchoAsync(P2PStream stream, CancellationToken cancellationToken)
    {
        var buffer = new byte[65536];
        while (await stream.ReadAsync(buffer, cancellationToken) is var count and > 0)
        {
            await stream.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
        }
    }

    private static async Task AnswerCountAsync(P2PStream stream, TimeSpan pause, CancellationToken cancellationToken)
    {
        var buffer = new byte[65536];
        long total = 0;
        while (await stream.ReadAsync(buffer, cancellationToken) is var count and > 0)
        {
            total += count;
            if (pause > TimeSpan.Zero)
            {
                await Task.Delay(pause, cancellationToken);
            }
        }

        await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes(total.ToString()), cancellationToken);
    }
}
