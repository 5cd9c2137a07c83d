using Skein.P2P.Connections;
using Skein.P2P.Identity;
using Skein.P2P.Kademlia;

namespace Skein.Interop.Tests;

/// <summary>A DHT of this library's servers and of js-libp2p's, on loopback; everybody came by the first of ours.</summary>
internal sealed class MixedNetwork(JsSwarm js) : IAsyncDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    private readonly List<P2PHost> _hosts = [];
    private readonly List<KademliaService> _nodes = [];

    public IReadOnlyList<P2PHost> Hosts => _hosts;

    public IReadOnlyList<KademliaService> Nodes => _nodes;

    public JsSwarm Js => js;

    public static async Task<MixedNetwork> StartAsync(JsSwarm js, int servers)
    {
        var network = new MixedNetwork(js);
        for (var i = 0; i < servers; i++)
        {
            await network.AddAsync(KademliaMode.Server);
        }

        await Task.WhenAll(js.Nodes.Select((_, node) => js.CallAsync("join", new { node, address = InteropHost.AddressOf(network.Hosts[0], false) })));
        await network.UntilAsync(() => Task.FromResult(js.Nodes.Concat(network.Hosts.Skip(1).Select(host => host.Id)).All(network.Nodes[0].TablePeers.Contains)), "everybody in the anchor's table");

        // A walk of each of ours to itself meets everybody on the way; so js-libp2p learns of all, too.
        await Task.WhenAll(network.Nodes.Select((node, i) => node.FindClosestAsync(network.Hosts[i].Id.Bytes, CancellationToken.None)));
        for (var i = 0; i < js.Nodes.Count; i++)
        {
            var node = i;
            async Task<bool> KnowsMostAsync() => (await js.CallAsync("table", new { node }))["peers"]!.AsArray().Count >= servers;
            await network.UntilAsync(
                async () =>
                {
                    if (await KnowsMostAsync())
                    {
                        return true;
                    }

                    await js.CallAsync("walk", new { node });
                    return await KnowsMostAsync();
                },
                $"most of the network in the table of js {node}");
        }

        return network;
    }

    public async Task<KademliaService> AddAsync(KademliaMode mode)
    {
        var host = await InteropHost.StartAsync();
        var node = new KademliaService(host, new KademliaOptions { Mode = mode, Validators = NumberValidator.Rules }, TimeProvider.System);
        _hosts.Add(host);
        _nodes.Add(node);
        node.Start(_hosts.Count == 1 ? [] : [_hosts[0].Addresses[0].WithPeerId(_hosts[0].Id)]);
        await UntilAsync(() => Task.FromResult(_hosts.Count == 1 || node.TablePeers.Count > 0), "the node in the network");
        return node;
    }

    /// <summary>Ends one of ours, without a word to the others' DHT.</summary>
    public async Task KillAsync(int index)
    {
        await _hosts[index].DisposeAsync();
        await _nodes[index].DisposeAsync();
    }

    public async Task UntilAsync(Func<Task<bool>> condition, string phase)
    {
        var end = Environment.TickCount64 + (long)Bound.TotalMilliseconds;
        while (!await condition())
        {
            Assert.True(Environment.TickCount64 < end, $"Still missing after {Bound.TotalSeconds} s: {phase}.");
            await Task.Delay(20);
        }
    }

    /// <summary>Waits until a node of js-libp2p finds a value: its walks end early, and do not ask everybody each time.</summary>
    public Task JsFindsAsync(int node, string key, string value)
        => UntilAsync(async () => (string?)(await js.CallAsync("get", new { node, key }))["value"] == value, $"{value} under {key}, found by js {node}");

    /// <summary>Waits until a node of js-libp2p finds all providers and nobody else.</summary>
    public Task JsFindsProvidersAsync(int node, byte[] hash, IReadOnlyList<PeerId> providers)
        => UntilAsync(
            async () => (await js.CallAsync("providers", new { node, hash = Convert.ToHexStringLower(hash) }))["found"]!.AsArray().Select(id => PeerId.Parse((string)id!)).ToHashSet().SetEquals(providers),
            $"both providers, found by js {node}");

    public async ValueTask DisposeAsync()
    {
        foreach (var (host, node) in _hosts.Zip(_nodes))
        {
            await node.DisposeAsync();
            await host.DisposeAsync();
        }
    }
}
