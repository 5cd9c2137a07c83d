using System.Text;
using Skein.P2P.Identity;
using Skein.P2P.Kademlia;
using Skein.P2P.Wire;

namespace Skein.Interop.Tests;

/// <summary>Ten DHT servers of this library and five of js-libp2p's kad-dht in one network.</summary>
public sealed class MixedDhtTests(JsSwarm js) : IClassFixture<JsSwarm>
{
    private const int Ours = 10;

    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly byte[] OurModel = Multihash.OfSha256("/skein/model/ours"u8);
    private static readonly byte[] Nobodys = Multihash.OfSha256("/skein/model/nobodys"u8);

    // One walk through the network's life, because its end, the killing, ends the js servers too.
    [Fact]
    public async Task Network_OfBoth_StoresProvidesAndFindsBothWaysAndSurvivesTheLossOfAThird()
    {
        await using var network = await MixedNetwork.StartAsync(js, Ours);
        await PutAndGetAsync(network);
        await ReplayAsync(network);
        await ProvideAndFindAsync(network);
        await FindPeersAsync(network);
        await ClientsAsync(network);
        await KillAsync(network);
    }

    private static async Task PutAndGetAsync(MixedNetwork network)
    {
        var taken = await network.Nodes[7].PutValueAsync("/num/ours"u8.ToArray(), "5"u8.ToArray(), None);
        Assert.True(taken >= 12, $"only {taken} of 14 took our value");

        // js-libp2p walks in two disjoint paths, and ends early: it reaches seven or eight.
        var answer = await network.Js.CallAsync("put", new { node = 4, key = "/num/theirs", value = "7" });
        Assert.True((int)answer["taken"]! >= 4, $"only {answer["taken"]} of 14 took js's value");

        foreach (var (key, value) in new[] { ("/num/ours", "5"), ("/num/theirs", "7") })
        {
            foreach (var node in network.Nodes)
            {
                Assert.Equal(value, Encoding.UTF8.GetString((await node.GetValueAsync(Encoding.UTF8.GetBytes(key), None))!));
            }

            for (var node = 0; node < network.Js.Nodes.Count; node++)
            {
                await network.JsFindsAsync(node, key, value);
            }
        }

        // js-libp2p knows this namespace without being told.
        var own = network.Hosts[6];
        byte[] keyOfKey = [.. "/pk/"u8, .. own.Id.Bytes.Span];
        Assert.True(await network.Nodes[6].PutValueAsync(keyOfKey, own.Key.PublicKey.Encoded, None) >= 12);
        Assert.Equal(own.Key.PublicKey.Encoded.ToArray(), await network.Nodes[2].GetValueAsync(keyOfKey, None));
    }

    // js-libp2p 3.3 takes whatever is valid, however old; ours keep the better one, and mend the others at the next look.
    private static async Task ReplayAsync(MixedNetwork network)
    {
        await network.Js.CallAsync("put", new { node = 3, key = "/num/theirs", value = "6" });

        Assert.Equal("7"u8.ToArray(), await network.Nodes[1].GetValueAsync("/num/theirs"u8.ToArray(), None));
        await network.JsFindsAsync(3, "/num/theirs", "7");
    }

    private static async Task ProvideAndFindAsync(MixedNetwork network)
    {
        Assert.True(await network.Nodes[8].ProvideAsync(OurModel, None) >= 12);
        await network.Js.CallAsync("provide", new { node = 4, hash = Convert.ToHexStringLower(OurModel) });

        PeerId[] both = [network.Hosts[8].Id, network.Js.Nodes[4]];
        foreach (var node in new[] { 0, 5, 9 })
        {
            var found = await network.Nodes[node].FindProvidersAsync(OurModel, 10, None);
            Assert.Equal(both.ToHashSet(), found.Select(peer => peer.Id).ToHashSet());
            Assert.All(found, peer => Assert.NotEmpty(peer.Addresses));
        }

        foreach (var node in new[] { 0, 2 })
        {
            await network.JsFindsProvidersAsync(node, OurModel, both);
        }

        Assert.Empty(await network.Nodes[3].FindProvidersAsync(Nobodys, 10, None));
    }

    private static async Task FindPeersAsync(MixedNetwork network)
    {
        var theirs = await network.Nodes[5].FindPeerAsync(network.Js.Nodes[2], None);
        Assert.Contains(theirs!.Addresses, address => address.TcpEndPoint is not null);
        await network.UntilAsync(
            async () => (await network.Js.CallAsync("find", new { node = 1, peer = network.Hosts[9].Id.ToString() }))["addresses"]!.AsArray()
                .Any(address => ((string)address!).StartsWith(network.Hosts[9].Addresses[0].ToString(), StringComparison.Ordinal)),
            "our address, found by js-libp2p");
    }

    // Two clients of ours and one of js-libp2p find everything, and are in nobody's table.
    private static async Task ClientsAsync(MixedNetwork network)
    {
        var jsClient = network.Js.Nodes.Count;
        await network.Js.CallAsync("join", new { node = jsClient, address = InteropHost.AddressOf(network.Hosts[0], false) });
        await network.JsFindsAsync(jsClient, "/num/ours", "5");
        await network.JsFindsAsync(jsClient, "/num/theirs", "7");
        await network.JsFindsProvidersAsync(jsClient, OurModel, [network.Hosts[8].Id, network.Js.Nodes[4]]);

        HashSet<PeerId> clients = [network.Js.Client];
        for (var i = 0; i < 2; i++)
        {
            var client = await network.AddAsync(KademliaMode.Client);
            clients.Add(network.Hosts[^1].Id);
            Assert.Equal("5"u8.ToArray(), await client.GetValueAsync("/num/ours"u8.ToArray(), None));
            Assert.Equal("7"u8.ToArray(), await client.GetValueAsync("/num/theirs"u8.ToArray(), None));
            Assert.Contains(network.Js.Nodes[4], (await client.FindProvidersAsync(OurModel, 10, None)).Select(peer => peer.Id));
            Assert.DoesNotContain(network.Js.Client, client.TablePeers);
        }

        Assert.All(network.Nodes, node => Assert.Empty(node.TablePeers.Intersect(clients)));
        for (var node = 0; node < network.Js.Nodes.Count; node++)
        {
            Assert.Empty((await network.Js.CallAsync("table", new { node }))["peers"]!.AsArray().Select(peer => PeerId.Parse((string)peer!)).Intersect(clients));
        }
    }

    private static async Task KillAsync(MixedNetwork network)
    {
        foreach (var index in new[] { 0, 1, 2 })
        {
            await network.KillAsync(index);
        }

        foreach (var node in new[] { 0, 1 })
        {
            await network.Js.CallAsync("kill", new { node });
        }

        PeerId[] both = [network.Hosts[8].Id, network.Js.Nodes[4]];
        for (var index = 3; index < Ours; index++)
        {
            Assert.Equal("5"u8.ToArray(), await network.Nodes[index].GetValueAsync("/num/ours"u8.ToArray(), None));
            Assert.Equal("7"u8.ToArray(), await network.Nodes[index].GetValueAsync("/num/theirs"u8.ToArray(), None));
            Assert.Equal(both.ToHashSet(), (await network.Nodes[index].FindProvidersAsync(OurModel, 10, None)).Select(peer => peer.Id).ToHashSet());
        }

        for (var node = 2; node < network.Js.Nodes.Count; node++)
        {
            await network.JsFindsAsync(node, "/num/ours", "5");
            await network.JsFindsProvidersAsync(node, OurModel, both);
        }
    }
}
