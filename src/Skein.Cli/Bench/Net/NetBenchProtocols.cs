using System.Buffers.Binary;
using Skein.P2P.Connections;
using Skein.P2P.Yamux;

namespace Skein.Cli.Bench.Net;

/// <summary>What the two ends of the benchmark speak; bench.mjs speaks the same.</summary>
internal static class NetBenchProtocols
{
    /// <summary>Everything comes back.</summary>
    public const string Echo = "/skein/bench/echo/1.0.0";

    /// <summary>Everything is counted; the count comes back as 8 bytes, big-endian, when the sender is done.</summary>
    public const string Sink = "/skein/bench/sink/1.0.0";

    /// <summary>Serves both.</summary>
    public static void Serve(P2PHost host)
    {
        host.Handle(Echo, StreamClass.Decode, EchoAsync);
        host.Handle(Sink, StreamClass.Bulk, CountAsync);
    }

    private static async Task EchoAsync(P2PStream stream, CancellationToken cancellationToken)
    {
        var buffer = new byte[65536];
        while (await stream.ReadAsync(buffer, cancellationToken) is var count and > 0)
        {
            await stream.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
        }
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
