using System.Text;
using Microsoft.Extensions.Time.Testing;
using Skein.P2P.Errors;
using Skein.P2P.Kademlia;
using Skein.P2P.Wire;
using Skein.P2P.Yamux;

namespace Skein.P2P.Tests.Kademlia;

public sealed class KademliaServiceTests
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly byte[] Key = "/num/answer"u8.ToArray();
    private static readonly byte[] Model = Multihash.OfSha256("/skein/model/x"u8);

    [Fact]
    public async Task PutAndGet_FromAnyNode_FindTheValue()
    {
        await using var network = await KadNetwork.StartAsync(12);

        var taken = await network.Nodes[3].PutValueAsync(Key, "41"u8.ToArray(), None).Within("the put");

        Assert.True(taken >= 8, $"only {taken} took it");
        foreach (var node in network.Nodes)
        {
            Assert.Equal("41", Encoding.UTF8.GetString((await node.GetValueAsync(Key, None).Within("the get"))!));
        }
    }

    [Fact]
    public async Task Put_OlderValueAfterANewerOne_IsRefusedEverywhere()
    {
        await using var network = await KadNetwork.StartAsync(6);
        await network.Nodes[1].PutValueAsync(Key, "7"u8.ToArray(), None).Within("the first put");

        var refused = await Assert.ThrowsAsync<P2PException>(() => network.Nodes[2].PutValueAsync(Key, "6"u8.ToArray(), None)).Within("the refusal");

        Assert.Equal(P2PError.LimitReached, refused.Error);
        Assert.Equal("7"u8.ToArray(), await network.Nodes[4].GetValueAsync(Key, None).Within("the get"));
    }

    [Fact]
    public async Task Get_SomeHaveAnOlderValue_TakesTheBestAndMendsTheOthers()
    {
        await using var network = await KadNetwork.StartAsync(3);
        await network.Nodes[0].PutValueAsync(Key, "1"u8.ToArray(), None).Within("the old value");
        // Somebody who was away comes back with a better one.
        var newcomer = await network.AddAsync(KademliaMode.Server);
        await network.JoinedAsync();
        await newcomer.PutValueAsync(Key, "2"u8.ToArray(), None).Within("the new value");

        Assert.Equal("2"u8.ToArray(), await network.Nodes[0].GetValueAsync(Key, None).Within("the get"));
        Assert.Equal("2"u8.ToArray(), await network.Nodes[2].GetValueAsync(Key, None).Within("the other get"));
    }

    [Theory]
    [InlineData("/num/answer", "no number")]
    [InlineData("/unknown/answer", "1")]
    [InlineData("num", "1")]
    [InlineData("//x", "1")]
    public async Task Put_AgainstTheRules_IsRefusedHere(string key, string value)
    {
        await using var network = await KadNetwork.StartAsync(2);

        var refused = await Assert.ThrowsAsync<P2PException>(() => network.Nodes[1].PutValueAsync(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value), None));

        Assert.Equal(P2PError.Malformed, refused.Error);
    }

    [Theory]
    [InlineData("/num/answer", "/num/other", "1")]
    [InlineData("/num/answer", "/num/answer", "no number")]
    [InlineData("/unknown/answer", "/unknown/answer", "1")]
    public async Task Put_ByAStrangerAgainstTheRules_ResetsTheStreamAndStoresNothing(string key, string recordKey, string value)
    {
        await using var network = await KadNetwork.StartAsync(2);
        var (asker, server) = (network.Hosts[1], network.Hosts[0]);
        await using var stream = await asker.NewStreamAsync(server.Id, KademliaOptions.DefaultProtocol, StreamClass.Control, None);
        var request = new KadMessage
        {
            Type = KadMessageType.PutValue,
            Key = Encoding.UTF8.GetBytes(key),
            Record = new KadRecord(Encoding.UTF8.GetBytes(recordKey), Encoding.UTF8.GetBytes(value), "2020-01-01T00:00:00Z"),
        };

        await DelimitedMessages.WriteAsync(stream, request.Write(), None);

        await Assert.ThrowsAsync<P2PException>(async () => await DelimitedMessages.ReadAsync(stream, 1000, None)).Within("the reset");
        Assert.Null(await network.Nodes[0].GetValueAsync("/num/answer"u8.ToArray(), None).Within("the get"));
    }

    [Fact]
    public async Task Stream_SeveralRequests_AreAnsweredInTurn()
    {
        await using var network = await KadNetwork.StartAsync(3);
        await using var stream = await network.Hosts[1].NewStreamAsync(network.Hosts[0].Id, KademliaOptions.DefaultProtocol, StreamClass.Control, None);
        for (var i = 0; i < 3; i++)
        {
            await DelimitedMessages.WriteAsync(stream, new KadMessage { Type = KadMessageType.FindNode, Key = network.Hosts[1].Id.Bytes }.Write(), None);
            var encoded = await DelimitedMessages.ReadAsync(stream, 100_000, None).Within("the answer");
            Assert.True(KadMessage.TryRead(encoded, out var answer));
            Assert.Contains(answer.CloserPeers, peer => peer.Id == network.Hosts[2].Id);
            Assert.DoesNotContain(answer.CloserPeers, peer => peer.Id == network.Hosts[1].Id);
        }
    }

    [Theory]
    [InlineData(new byte[] { 0xFF, 0xFF, 0xFF, 0x7F })]
    [InlineData(new byte[] { 3, 0x08, 0x63, 0x00 })]
    [InlineData(new byte[] { 2, 0x08, 0x09 })]
    [InlineData(new byte[] { 2, 0x08, 0x04 })]
    public async Task Stream_NoRequest_IsReset(byte[] bytes)
    {
        await using var network = await KadNetwork.StartAsync(2);
        await using var stream = await network.Hosts[1].NewStreamAsync(network.Hosts[0].Id, KademliaOptions.DefaultProtocol, StreamClass.Control, None);

        await stream.WriteAsync(bytes);

        await Assert.ThrowsAsync<P2PException>(async () => await DelimitedMessages.ReadAsync(stream, 1000, None)).Within("the reset");
    }

    [Fact]
    public async Task ProvideAndFind_FromAClient()
    {
        await using var network = await KadNetwork.StartAsync(8);
        var client = await network.AddAsync(KademliaMode.Client);
        var seeker = await network.AddAsync(KademliaMode.Client);
        await network.JoinedAsync();

        Assert.True(await client.ProvideAsync(Model, None).Within("the announcement") >= 5);
        await network.Nodes[2].ProvideAsync(Model, None).Within("the second announcement");
        var found = await seeker.FindProvidersAsync(Model, 10, None).Within("the search");

        Assert.Equal(new[] { network.Hosts[8].Id, network.Hosts[2].Id }.ToHashSet(), found.Select(peer => peer.Id).ToHashSet());
        Assert.All(found, peer => Assert.NotEmpty(peer.Addresses));
        Assert.Empty(await seeker.FindProvidersAsync(Multihash.OfSha256("other"u8), 10, None).Within("the search for nothing"));
    }

    [Fact]
    public async Task AddProvider_ForSomebodyElse_CountsForNothing()
    {
        await using var network = await KadNetwork.StartAsync(2);
        await using var stream = await network.Hosts[1].NewStreamAsync(network.Hosts[0].Id, KademliaOptions.DefaultProtocol, StreamClass.Control, None);
        var victim = TestPeers.Id(5);

        await DelimitedMessages.WriteAsync(stream, new KadMessage { Type = KadMessageType.AddProvider, Key = Model, ProviderPeers = [new KadPeer(victim, network.Hosts[1].Addresses)] }.Write(), None);
        await stream.CloseWriteAsync();
        Assert.Null(await DelimitedMessages.ReadAsync(stream, 1000, None).Within("the end"));

        Assert.Empty(await network.Nodes[1].FindProvidersAsync(Model, 10, None).Within("the search"));
    }

    [Fact]
    public async Task Client_IsInNobodysTable()
    {
        await using var network = await KadNetwork.StartAsync(5);
        var client = await network.AddAsync(KademliaMode.Client);
        await network.JoinedAsync();
        await client.FindClosestAsync(Key, None).Within("a lookup");

        foreach (var node in network.Nodes)
        {
            await node.FindClosestAsync(network.Hosts[5].Id.Bytes, None).Within("a lookup for the client");
        }

        Assert.All(network.Nodes, node => Assert.DoesNotContain(network.Hosts[5].Id, node.TablePeers));
    }

    [Fact]
    public async Task SetMode_ToClient_LeavesTheTablesOfOthers()
    {
        await using var network = await KadNetwork.StartAsync(3);
        await Waiting.Until(() => network.Nodes[0].TablePeers.Contains(network.Hosts[2].Id), "the third in the first's table");

        network.Nodes[2].SetMode(KademliaMode.Client);

        await Waiting.Until(() => !network.Nodes[0].TablePeers.Contains(network.Hosts[2].Id), "the third out of it");
        network.Nodes[2].SetMode(KademliaMode.Server);
        await Waiting.Until(() => network.Nodes[0].TablePeers.Contains(network.Hosts[2].Id), "the third in it again");
    }

    [Fact]
    public async Task Get_AThirdOfTheNetworkKilled_StillFindsValuesAndProviders()
    {
        await using var network = await KadNetwork.StartAsync(15);
        await network.Nodes[14].PutValueAsync(Key, "9"u8.ToArray(), None).Within("the put");
        await network.Nodes[13].ProvideAsync(Model, None).Within("the announcement");

        for (var i = 1; i <= 5; i++)
        {
            network.Kill(i);
        }

        for (var i = 6; i < 15; i++)
        {
            Assert.Equal("9"u8.ToArray(), await network.Nodes[i].GetValueAsync(Key, None).Within("the get"));
            Assert.Contains(network.Hosts[13].Id, (await network.Nodes[i].FindProvidersAsync(Model, 1, None).Within("the search")).Select(peer => peer.Id));
        }
    }

    [Fact]
    public async Task FindPeer_ByItsIdAlone_LearnsWhereItIs()
    {
        await using var network = await KadNetwork.StartAsync(8);
        var seeker = await network.AddAsync(KademliaMode.Client);
        await network.JoinedAsync();

        var found = await seeker.FindPeerAsync(network.Hosts[7].Id, None).Within("the search");

        Assert.Equal(network.Hosts[7].Addresses, found!.Addresses);
        Assert.Null(await seeker.FindPeerAsync(TestPeers.Id(77), None).Within("the search for nobody"));
    }

    [Fact]
    public async Task Start_AnchorAppearsLater_JoinsThen()
    {
        var time = new FakeTimeProvider();
        await using var network = new KadNetwork(time);
        await network.AddAsync(KademliaMode.Server);
        var late = await network.AddAsync(KademliaMode.Server, options => options);
        await Waiting.Until(
            () =>
            {
                time.Advance(TimeSpan.FromMilliseconds(100));
                return late.TablePeers.Count == 1;
            },
            "the anchor in the table");
    }

    [Fact]
    public async Task WaitUntilJoined_NobodyThere_SaysSo()
    {
        await using var network = await KadNetwork.StartAsync(1);

        var failure = await Assert.ThrowsAsync<P2PException>(() => network.Nodes[0].WaitUntilJoinedAsync(TimeSpan.FromMilliseconds(50), None));

        Assert.Equal(P2PError.TimedOut, failure.Error);
        Assert.Contains("anchor", failure.Message, StringComparison.Ordinal);
    }
}
