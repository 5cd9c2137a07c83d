using System.Buffers.Binary;
using System.Text.Json;
using Skein.P2P.Addressing;
using Skein.P2P.Connections;
using Skein.P2P.Identity;
using Skein.P2P.Transports.Tcp;
using Skein.P2P.Yamux;

namespace Skein.Lab.Tests.Pacing;

/// <summary>A peer in a process of its own: one that serves, or one that sends decode messages and bulk and tells how that went.</summary>
internal static class PacingAgent
{
    private const string Echo = "/skein/test/echo/1.0.0";
    private const string Sink = "/skein/test/sink/1.0.0";
    private const int MessageBytes = 8192;
    private const int WarmUp = 30;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    // A token every 20 ms and a round trip: what a good ring reaches.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Runs until it is killed. Arguments: <c>serve</c>, or <c>send &lt;peer&gt; &lt;messages&gt;</c> and any of <c>bulk</c>, <c>unpaced</c>, <c>one-connection</c>.</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        using var key = PeerKey.Generate();
        using var patience = new CancellationTokenSource(Patience, TimeProvider.System);
        await using var host = new P2PHost(
            new P2PHostOptions
            {
                Key = key,
                Listen = arguments[0] == "serve" ? [Multiaddr.Parse("/ip4/0.0.0.0/tcp/7400")] : [],
                SeparateBulk = !arguments.Contains("one-connection"),
                Yamux = new YamuxOptions { PaceBulk = !arguments.Contains("unpaced") },
            },
            [new TcpTransport(new TcpTransportOptions(), TimeProvider.System)],
            TimeProvider.System);
        host.Handle(Echo, StreamClass.Decode, (stream, token) => stream.CopyToAsync(stream, token));
        host.Handle(Sink, StreamClass.Bulk, CountAsync);
        await host.StartAsync(patience.Token);
        if (arguments[0] == "serve")
        {
            Console.WriteLine($"ready {host.Addresses.First(address => address.TcpEndPoint!.Address.ToString() != "127.0.0.1").WithPeerId(host.Id)}");
        }
        else
        {
            var connection = await host.ConnectAsync(Multiaddr.Parse(arguments[1]), patience.Token);
            var report = await MeasureAsync(host, connection.Peer, int.Parse(arguments[2], System.Globalization.CultureInfo.InvariantCulture), arguments.Contains("bulk"), patience.Token);
            Console.WriteLine("report " + JsonSerializer.Serialize(report));
        }

        // The laboratory ends it by force; without one it ends by itself.
        await Task.WhenAny(Task.Delay(2 * Patience, TimeProvider.System, CancellationToken.None));
        return 0;
    }

    private static async Task<PacingReport> MeasureAsync(P2PHost host, PeerId peer, int messages, bool withBulk, CancellationToken cancellationToken)
    {
        using var enough = new CancellationTokenSource();
        await using var decode = await host.NewStreamAsync(peer, Echo, StreamClass.Decode, cancellationToken);
        await using var sink = await host.NewStreamAsync(peer, Sink, StreamClass.Bulk, cancellationToken);
        var bulk = withBulk ? SendAsync(sink, enough.Token, cancellationToken) : Task.FromResult(0.0);
        var message = new byte[MessageBytes];
        var trips = new List<double>();
        for (var i = -WarmUp; i < messages; i++)
        {
            await Task.Delay(Pause, TimeProvider.System, cancellationToken);
            var started = TimeProvider.System.GetTimestamp();
            await decode.WriteAsync(message, cancellationToken);
            await decode.ReadExactlyAsync(message, cancellationToken);
            if (i >= 0)
            {
                trips.Add(TimeProvider.System.GetElapsedTime(started).TotalMilliseconds);
            }
        }

        await enough.CancelAsync();
        var rate = await bulk;
        trips.Sort();
        return new PacingReport(At(0.5), At(0.9), At(0.99), rate);

        double At(double share) => Math.Round(trips[(int)(share * (trips.Count - 1))], 1);
    }

    private static async Task<double> SendAsync(P2PStream stream, CancellationToken enough, CancellationToken cancellationToken)
    {
        var block = new byte[65536];
        var started = TimeProvider.System.GetTimestamp();
        while (!enough.IsCancellationRequested)
        {
            await stream.WriteAsync(block, cancellationToken);
        }

        await stream.CloseWriteAsync();
        var answer = new byte[sizeof(long)];
        await stream.ReadExactlyAsync(answer, cancellationToken);
        return Math.Round(BinaryPrimitives.ReadInt64BigEndian(answer) * 8 / 1e6 / TimeProvider.System.GetElapsedTime(started).TotalSeconds, 1);
    }

    private static async Task CountAsync(P2PStream stream, CancellationToken cancellationToken)
    {
        var buffer = new byte[65536];
        var total = 0L;
        while (await stream.ReadAsync(buffer, cancellationToken) is var count and > 0)
        {
            total += count;
        }

        var answer = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(answer, total);
        await stream.WriteAsync(answer, cancellationToken);
    }
}
