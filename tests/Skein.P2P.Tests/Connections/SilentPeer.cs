using System.Collections.Concurrent;
using Skein.P2P.Addressing;
using Skein.P2P.Connections;
using Skein.P2P.Identity;
using Skein.P2P.Transports;
using Skein.P2P.Transports.Memory;
using Skein.P2P.Yamux;

namespace Skein.P2P.Tests.Connections;

/// <summary>A peer that proves who it is and answers pings of the muxer, but not a byte on any stream.</summary>
internal sealed class SilentPeer : IAsyncDisposable
{
    private readonly PeerKey _key = PeerKey.Generate();
    private readonly ConcurrentBag<P2PConnection> _connections = [];
    private ITransportListener? _listener;

    private SilentPeer()
    {
    }

    public ConcurrentBag<YamuxStream> Streams { get; } = [];

    public Multiaddr Address { get; private set; } = Multiaddr.Parse("/memory/silent");

    public static async Task<SilentPeer> StartAsync(MemoryNetwork network, TimeProvider time)
    {
        var peer = new SilentPeer();
        var upgrader = new ConnectionUpgrader(new P2PHostOptions { Key = peer._key }, time);
        peer._listener = await network.TransportOf("silent").ListenAsync(peer.Address, raw => _ = peer.AcceptAsync(upgrader, raw), CancellationToken.None);
        peer.Address = peer.Address.WithPeerId(peer._key.PeerId);
        return peer;
    }

    public async ValueTask DisposeAsync()
    {
        await _listener!.DisposeAsync();
        foreach (var connection in _connections)
        {
            await connection.CloseAsync();
        }

        _key.Dispose();
    }

    private async Task AcceptAsync(ConnectionUpgrader upgrader, RawConnection raw)
    {
        var connection = await upgrader.UpgradeAsync(raw, outbound: false, null, (_, stream) => Streams.Add(stream), CancellationToken.None);
        _connections.Add(connection);
        connection.Muxer.Start();
    }
}
