using System.Buffers.Binary;
using System.Diagnostics;
using Skein.P2P.Addressing;
using Skein.P2P.Connections;
using Skein.P2P.Errors;
using Skein.P2P.Identity;
using Skein.P2P.Relay;
using Skein.P2P.Transports;
using Skein.P2P.Transports.Tcp;
using Skein.P2P.Yamux;

namespace Skein.Cli.Bench.Net;

/// <summary>This library's end of the benchmark that measures.</summary>
internal sealed class NetBenchClient : IAsyncDisposable
{
    private readonly P2PHost _host;
    private readonly PeerKey _key;
    private readonly PeerId _peer;
    private readonly RelayClient _relays;

    private NetBenchClient(P2PHost host, RelayClient relays, PeerKey key, PeerId peer)
    {
        _relays = relays;
        _host = host;
        _key = key;
        _peer = peer;
    }

    /// <summary>Connects to a server.</summary>
    public static async Task<NetBenchClient> ConnectAsync(Multiaddr server, Func<ITransport, ITransport>? line, bool separateBulk, bool paceBulk, CancellationToken cancellationToken)
    {
        var key = PeerKey.Generate();
        ITransport tcp = new TcpTransport(new TcpTransportOptions(), TimeProvider.System);
        var host = new P2PHost(new P2PHostOptions { Key = key, SeparateBulk = separateBulk, Yamux = new YamuxOptions { PaceBulk = paceBulk } }, [line?.Invoke(tcp) ?? tcp], TimeProvider.System);
        // Circuits are dialled by it; nothing looks for a direct way, so what is dialled through a relay stays there.
        var relays = new RelayClient(host, new RelayClientOptions(), TimeProvider.System);
        await host.StartAsync(cancellationToken);
        var connection = await host.ConnectAsync(server, cancellationToken);
        return new NetBenchClient(host, relays, key, connection.Peer);
    }

    /// <summary>Sends messages one after the other and waits for each to come back.</summary>
    /// <param name="size">Bytes of a message.</param>
    /// <param name="count">Messages that are measured; a third as many warm up.</param>
    /// <param name="pause">Wait between messages, as decoding has; zero for none.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>Round trips, sorted, and managed bytes that this process allocated for each.</returns>
    public async Task<(TimeSpan[] RoundTrips, double Allocated)> PingPongAsync(int size, int count, TimeSpan pause, CancellationToken cancellationToken)
    {
        await using var stream = await _host.NewStreamAsync(_peer, NetBenchProtocols.Echo, StreamClass.Decode, cancellationToken);
        var message = new byte[size];
        var trips = new TimeSpan[count];
        var before = 0L;
        for (var i = -(count / 3); i < count; i++)
        {
            if (i == 0)
            {
                before = GC.GetTotalAllocatedBytes(precise: true);
            }

            if (pause > TimeSpan.Zero)
            {
                await Task.Delay(pause, TimeProvider.System, cancellationToken);
            }

            var started = Stopwatch.GetTimestamp();
            await stream.WriteAsync(message, cancellationToken);
            for (var have = 0; have < size;)
            {
                var read = await stream.ReadAsync(message.AsMemory(have), cancellationToken);
                have += read > 0 ? read : throw new P2PException(P2PError.ConnectionClosed, "The other side ended the echo.");
            }

            if (i >= 0)
            {
                trips[i] = Stopwatch.GetElapsedTime(started);
            }
        }

        var allocated = (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)count;
        await stream.CloseWriteAsync(cancellationToken);
        Array.Sort(trips);
        return (trips, allocated);
    }

    /// <summary>Sends as much as it can for a while.</summary>
    /// <returns>Bytes per second that arrived, by the receiver's count.</returns>
    public async Task<double> SendAsync(TimeSpan duration, CancellationToken cancellationToken)
    {
        await using var stream = await _host.NewStreamAsync(_peer, NetBenchProtocols.Sink, StreamClass.Bulk, cancellationToken);
        var block = new byte[65536];
        var started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started) < duration)
        {
            await stream.WriteAsync(block, cancellationToken);
        }

        await stream.CloseWriteAsync(cancellationToken);
        var answer = new byte[sizeof(long)];
        await stream.ReadExactlyAsync(answer, cancellationToken);
        return BinaryPrimitives.ReadInt64BigEndian(answer) / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _relays.DisposeAsync();
        await _host.DisposeAsync();
        _key.Dispose();
    }
}
