using Skein.P2P.Addressing;
using Skein.P2P.Connections;
using Skein.P2P.Errors;
using Skein.P2P.Kademlia;
using Skein.P2P.Transports.Tcp;
using Skein.P2P.Transports.WebSockets;

namespace Skein.P2P.Network;

/// <summary>A node of the network: a host with the services that let peers find and reach each other. Thread-safe.</summary>
public sealed class NetworkNode : IAsyncDisposable
{
    private NetworkNode(P2PHost host, KademliaService dht)
    {
        Host = host;
        Dht = dht;
    }

    /// <summary>Connections and streams.</summary>
    public P2PHost Host { get; }

    /// <summary>Who is where, and who provides what.</summary>
    public KademliaService Dht { get; }

    /// <summary>How others reach this node now: its addresses with its peer id.</summary>
    public IReadOnlyList<Multiaddr> Addresses => [.. Host.Addresses.Select(address => address.WithPeerId(Host.Id))];

    /// <summary>Listens, and begins to join the network; it goes on trying in the background.</summary>
    /// <param name="options">How to take part.</param>
    /// <param name="time">Clock.</param>
    /// <param name="cancellationToken">Gives up before it listens.</param>
    /// <exception cref="P2PException">An address cannot be listened on, or an anchor's address does not name its peer.</exception>
    public static async Task<NetworkNode> StartAsync(NetworkOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        if (options.Anchors.FirstOrDefault(anchor => anchor.PeerId is null) is { } nameless)
        {
            throw new P2PException(P2PError.NoAddress, $"The anchor {nameless} does not name its peer; its address ends with /p2p/12D3Koo....");
        }

        var tcp = new TcpTransport(new TcpTransportOptions(), time);
        var host = new P2PHost(
            new P2PHostOptions { Key = options.Key, Listen = options.Listen, Announce = options.Announce, Limits = options.Limits },
            [tcp, new WebSocketTransport(tcp)],
            time);
        var dht = new KademliaService(host, new KademliaOptions { Mode = options.Dht }, time);
        var node = new NetworkNode(host, dht);
        try
        {
            await host.StartAsync(cancellationToken);
            // Browsers come by WebSocket, on the same port; told after the plain addresses, which everybody else prefers.
            host.Announce([.. options.Announce, .. host.Addresses.Where(address => address.IsPlainTcp).Select(address => address.Then(new MultiaddrPart(MultiaddrCode.Ws, default)))]);
            foreach (var anchor in options.Anchors)
            {
                // The way back into the network is kept, however idle.
                host.Protect(anchor.PeerId!);
            }

            dht.Start(options.Anchors);
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <summary>Leaves the network and closes every connection.</summary>
    public async ValueTask DisposeAsync()
    {
        await Dht.DisposeAsync();
        await Host.DisposeAsync();
    }
}
