using Skein.P2P.Connections;
using Skein.P2P.Identity;
using Skein.P2P.Kademlia;
using Skein.P2P.Tests.Connections;
using Skein.P2P.Transports.Memory;

namespace Skein.P2P.Tests.Kademlia;

/// <summary>DHT nodes in one process, the first of which is everybody's anchor.</summary>
internal sealed class KadNetwork(TimeProvider time) : IAsyncDisposable
{
    private readonly MemoryNetwork _network = new(time);
    private readonly List<(P2PHost Host, KademliaService Dht, string Name)> _nodes = [];

    public IReadOnlyList<P2PHost> Hosts => [.. _nodes.Select(node => node.Host)];

    public IReadOnlyList<KademliaService> Nodes => [.. _nodes.Select(node => node.Dht)];

    public static async Task<KadNetwork> StartAsync(int servers, TimeProvider? time = null)
    {
        var network = new KadNetwork(time ?? TimeProvider.System);
        for (var i = 0; i < servers; i++)
        {
            await network.AddAsync(KademliaMode.Server);
        }

        await network.JoinedAsync();
        return network;
    }

    public async Task<KademliaService> AddAsync(KademliaMode mode, Func<KademliaOptions, KademliaOptions>? change = null, PeerKey? key = null)
    {
        var name = $"n{_nodes.Count}";
        var host = await HostFixture.StartMemoryAsync(_network, name, time, host => key is null ? host : host with { Key = key });
        var options = new KademliaOptions { Mode = mode, Validators = TextValidator.Rules };
        var dht = new KademliaService(host, change?.Invoke(options) ?? options, time);
        _nodes.Add((host, dht, name));
        dht.Start(_nodes.Count == 1 ? [] : [HostFixture.AddressOf(_nodes[0].Host)]);
        return dht;
    }

    /// <summary>Waits until everybody knows somebody, and the anchor all servers.</summary>
    public async Task JoinedAsync()
    {
        foreach (var (host, dht, name) in _nodes.Skip(1))
        {
            await Waiting.Until(() => dht.TablePeers.Count > 0, $"{name} in the network");
            await Waiting.Until(() => dht.Mode == KademliaMode.Client || _nodes[0].Dht.TablePeers.Contains(host.Id), $"{name} in the anchor's table");
        }
    }

    public void Kill(int index) => _network.Kill(_nodes[index].Name);

    public async ValueTask DisposeAsync()
    {
        foreach (var (host, dht, _) in _nodes)
        {
            await dht.DisposeAsync().Within("the end of the DHT");
            await host.DisposeAsync().Within("the end of the host");
        }
    }
}
