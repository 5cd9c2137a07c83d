using System.Net;
using Microsoft.Extensions.Time.Testing;
using Skein.P2P.Addressing;
using Skein.P2P.Connections;
using Skein.P2P.Errors;
using Skein.P2P.Identity;
using Skein.P2P.Kademlia;
using Skein.P2P.Tests.Connections;
using Skein.P2P.Transports.Memory;
using Skein.P2P.Wire;
using Skein.P2P.Yamux;

namespace Skein.P2P.Tests.Kademlia;

/// <summary>What a stranger can do to a DHT node: floods, lies, silence.</summary>
public sealed class KademliaHostilityTests
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly byte[] Model = Multihash.OfSha256("/skein/model/x"u8);

    [Fact]
    public async Task Flood_OfRequests_IsCutOffWhileOthersAreServed()
    {
        await using var network = new KadNetwork(TimeProvider.System);
        await network.AddAsync(KademliaMode.Server, options => options with { MaxRequestsPerWindow = 100, RequestWindow = TimeSpan.FromHours(1) });
        await network.AddAsync(KademliaMode.Client);
        await network.AddAsync(KademliaMode.Client);
        await network.JoinedAsync();

        // Joining took some of the hundred: one for each bucket that is refreshed, and a few.
        var answered = 0;
        await Assert.ThrowsAsync<P2PException>(async () =>
        {
            for (; answered < 200; answered++)
            {
                await AskAsync(network.Hosts[1], network.Hosts[0].Id, new KadMessage { Type = KadMessageType.FindNode, Key = Model });
            }
        });

        Assert.InRange(answered, 70, 99);
        Assert.Equal(KadMessageType.FindNode, (await AskAsync(network.Hosts[2], network.Hosts[0].Id, new KadMessage { Type = KadMessageType.FindNode, Key = Model })).Type);
    }

    [Fact]
    public async Task Streams_MoreThanTheLimit_AreResetUntilOneEnds()
    {
        await using var network = new KadNetwork(TimeProvider.System);
        await network.AddAsync(KademliaMode.Server, options => options with { MaxStreams = 2 });
        await network.AddAsync(KademliaMode.Client);
        await network.JoinedAsync();
        var (asker, server) = (network.Hosts[1], network.Hosts[0].Id);
        var request = new KadMessage { Type = KadMessageType.FindNode, Key = Model };

        // Streams of joining may still be open for a moment.
        await using var first = await OpenAsync(asker, server, request);
        await using var second = await OpenAsync(asker, server, request);
        await Assert.ThrowsAsync<P2PException>(() => AskAsync(asker, server, request));

        await first.CloseWriteAsync();
        Assert.Null(await DelimitedMessages.ReadAsync(first, 1000, None).Within("the end of the first stream"));
        await using var third = await OpenAsync(asker, server, request);
    }

    [Theory]
    [InlineData(KadMessageType.AddProvider)]
    [InlineData(KadMessageType.GetProviders)]
    public async Task Providers_OfWhatIsNoMultihash_AreRefused(KadMessageType type)
    {
        await using var network = await KadNetwork.StartAsync(2);
        foreach (var key in new byte[][] { "/skein/model/x"u8.ToArray(), [0x12, 32, 1], [0x00, 0x00], new byte[KadLimits.MaxProviderKey + 1] })
        {
            await Assert.ThrowsAsync<P2PException>(() => AskAsync(network.Hosts[1], network.Hosts[0].Id, new KadMessage { Type = type, Key = key }));
        }

        await Assert.ThrowsAsync<P2PException>(() => network.Nodes[1].ProvideAsync("no multihash"u8.ToArray(), None));
        await Assert.ThrowsAsync<P2PException>(() => network.Nodes[1].FindProvidersAsync("no multihash"u8.ToArray(), 1, None));
    }

    [Fact]
    public async Task PutValue_Answer_EchoesTheRecordAndNothingElse()
    {
        await using var network = await KadNetwork.StartAsync(2);
        var request = new KadMessage
        {
            Type = KadMessageType.PutValue,
            Key = "/num/a"u8.ToArray(),
            Record = new KadRecord("/num/a"u8.ToArray(), "1"u8.ToArray(), string.Empty),
            CloserPeers = [new KadPeer(TestPeers.Id(9), [])],
        };

        var answer = await AskAsync(network.Hosts[1], network.Hosts[0].Id, request);

        Assert.Equal("1"u8.ToArray(), answer.Record!.Value.ToArray());
        Assert.Empty(answer.CloserPeers);
    }

    [Fact]
    public async Task FindClosest_AmongLiars_FloodsNeitherTheStoreNorTheTable()
    {
        // A server that answers everything with sixty strangers nearer to whatever is sought.
        var memory = new MemoryNetwork(TimeProvider.System);
        await using var liar = await HostFixture.StartMemoryAsync(memory, "liar", TimeProvider.System);
        var made = 0;
        liar.Handle(KademliaOptions.DefaultProtocol, StreamClass.Control, async (stream, token) =>
        {
            while (await DelimitedMessages.ReadAsync(stream, 100_000, token) is { } encoded)
            {
                Assert.True(KadMessage.TryRead(encoded, out var request));
                var strangers = Enumerable.Range(0, 60).Select(_ => new KadPeer(TestPeers.Id(1000 + Interlocked.Increment(ref made)), [Multiaddr.Parse("/memory/nowhere")])).ToList();
                await DelimitedMessages.WriteAsync(stream, new KadMessage { Type = request.Type, Key = request.Key, CloserPeers = strangers }.Write(), token);
            }
        });
        await using var host = await HostFixture.StartMemoryAsync(memory, "victim", TimeProvider.System);
        await using var dht = new KademliaService(host, new KademliaOptions { Lookup = new LookupOptions { MaxQueries = 8 } }, TimeProvider.System);
        dht.Start([HostFixture.AddressOf(liar)]);
        await dht.WaitUntilJoinedAsync(Waiting.Bound, None);

        for (var i = 0; i < 20; i++)
        {
            Assert.Equal([liar.Id], await dht.FindClosestAsync(new[] { (byte)(i + 1) }, None).Within("the walk"));
        }

        Assert.Equal([liar.Id], dht.TablePeers);

        // Refreshing walks a little, too: eight for each walk at the most, of some thousands that were named.
        Assert.InRange(host.Peers.All.Count, 2, 8 * 40);
        Assert.True(made > 1000, $"only {made} strangers were named");
    }

    [Fact]
    public async Task Provide_AllNearestPeersAreTheAttackers_TheAnchorStillTells()
    {
        // Twenty-two servers that keep nothing, and name each other; an honest anchor that is not among the twenty nearest to the key.
        var memory = new MemoryNetwork(TimeProvider.System);
        var attackers = new List<P2PHost>();
        await using var anchor = await HostFixture.StartMemoryAsync(memory, "anchor", TimeProvider.System);
        await using var anchorDht = new KademliaService(anchor, new KademliaOptions { Mode = KademliaMode.Server }, TimeProvider.System);
        await using var host = await HostFixture.StartMemoryAsync(memory, "node", TimeProvider.System);
        await using var node = new KademliaService(host, new KademliaOptions(), TimeProvider.System);
        await using var seekerHost = await HostFixture.StartMemoryAsync(memory, "seeker", TimeProvider.System);
        await using var seeker = new KademliaService(seekerHost, new KademliaOptions(), TimeProvider.System);
        try
        {
            for (var i = 0; i < 22; i++)
            {
                var attacker = await HostFixture.StartMemoryAsync(memory, $"attacker{i}", TimeProvider.System);
                attackers.Add(attacker);
                attacker.Handle(KademliaOptions.DefaultProtocol, StreamClass.Control, async (stream, token) =>
                {
                    while (await DelimitedMessages.ReadAsync(stream, 100_000, token) is { } encoded)
                    {
                        Assert.True(KadMessage.TryRead(encoded, out var request));
                        if (request.Type != KadMessageType.AddProvider)
                        {
                            var friends = attackers.Select(friend => new KadPeer(friend.Id, friend.Addresses)).ToList();
                            await DelimitedMessages.WriteAsync(stream, new KadMessage { Type = request.Type, Key = request.Key, CloserPeers = friends }.Write(), token);
                        }
                    }
                });
            }

            var key = KeyFarFrom(anchor.Id, attackers);
            foreach (var dht in new[] { node, seeker })
            {
                dht.Start([HostFixture.AddressOf(anchor), .. attackers.Select(HostFixture.AddressOf)]);
                await Waiting.Until(() => dht.TablePeers.Count == 23, "everybody in the table");
            }

            Assert.DoesNotContain(anchor.Id, await node.FindClosestAsync(key, None).Within("the walk"));
            await node.ProvideAsync(key, None).Within("the announcement");
            Assert.Equal([host.Id], (await seeker.FindProvidersAsync(key, 10, None).Within("the search")).Select(peer => peer.Id));
        }
        finally
        {
            await Task.WhenAll(attackers.Select(attacker => attacker.DisposeAsync().AsTask())).Within("the end of the attackers");
        }
    }

    [Fact]
    public async Task Newcomer_WhereTheBucketIsFull_TakesThePlaceOfTheSilentOnly()
    {
        await using var network = new KadNetwork(TimeProvider.System);
        using var anchor = PeerKey.Generate();
        using var first = KeyInBucketZero(anchor);
        using var second = KeyInBucketZero(anchor);
        using var third = KeyInBucketZero(anchor);
        var dht = await network.AddAsync(KademliaMode.Server, options => options with { Table = new RoutingTableOptions { BucketSize = 1, StaleAfter = TimeSpan.Zero } }, anchor);
        await network.AddAsync(KademliaMode.Server, key: first);
        await Waiting.Until(() => dht.TablePeers.Contains(first.PeerId), "the first in the table");

        var newcomer = await network.AddAsync(KademliaMode.Server, key: second);
        await newcomer.WaitUntilJoinedAsync(Waiting.Bound, None);
        await newcomer.FindClosestAsync(Model, None).Within("a walk of the newcomer");
        Assert.Equal([first.PeerId], dht.TablePeers);

        network.Kill(1);
        await network.AddAsync(KademliaMode.Server, key: third);
        await Waiting.Until(() => dht.TablePeers.Count == 1 && dht.TablePeers[0] != first.PeerId, "a living peer in place of the dead one");
    }

    [Fact]
    public async Task Provide_ServerForgets_IsToldAgainWithinAMinute()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 1, 1, 0, 0, 7, TimeSpan.Zero));
        await using var network = new KadNetwork(time);

        // It believes nobody for longer than five seconds: as if it were started anew. (Connections are not pinged so soon: none is lost by a jump of the clock.)
        var server = await network.AddAsync(KademliaMode.Server, options => options with { Store = new KadStoreOptions { ProviderAge = TimeSpan.FromSeconds(5) } });
        var node = await network.AddAsync(KademliaMode.Client, Patient);
        await Waiting.Until(() => node.TablePeers.Count == 1, "the server in the table");
        Assert.Equal(1, await node.ProvideAsync(Model, None).Within("the announcement"));
        Assert.Single(await server.FindProvidersAsync(Model, 1, None).Within("the search"));

        time.Advance(TimeSpan.FromSeconds(6));
        Assert.Empty(await server.FindProvidersAsync(Model, 1, None).Within("the search in vain"));
        await UntilFoundAsync(time, server, "the provider, told again");
    }

    [Fact]
    public async Task Provide_TheOnlyServerIsStartedAgain_IsToldAgain()
    {
        var memory = new MemoryNetwork(TimeProvider.System);
        using var key = PeerKey.Generate();
        await using var host = await HostFixture.StartMemoryAsync(memory, "node", TimeProvider.System);
        await using var node = new KademliaService(host, new KademliaOptions(), TimeProvider.System);
        await using (var first = await HostFixture.StartMemoryAsync(memory, "anchor", TimeProvider.System, options => options with { Key = key }))
        await using (var dht = new KademliaService(first, new KademliaOptions { Mode = KademliaMode.Server }, TimeProvider.System))
        {
            node.Start([HostFixture.AddressOf(first)]);
            await node.WaitUntilJoinedAsync(Waiting.Bound, None);
            Assert.Equal(1, await node.ProvideAsync(Model, None).Within("the announcement"));
        }

        await using var second = await HostFixture.StartMemoryAsync(memory, "anchor", TimeProvider.System, options => options with { Key = key });
        await using var server = new KademliaService(second, new KademliaOptions { Mode = KademliaMode.Server }, TimeProvider.System);
        var found = 0;
        for (var end = Environment.TickCount64 + (3 * (long)Waiting.Bound.TotalMilliseconds); found == 0; found = (await server.FindProvidersAsync(Model, 1, None).Within("a search")).Count)
        {
            Assert.True(Environment.TickCount64 < end, "Still missing: the provider at the server that was started again.");
            await Task.Delay(20);
        }
    }

    [Fact]
    public async Task Provide_NobodyThereYet_IsToldAsSoonAsSomebodyIs()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 1, 1, 0, 0, 7, TimeSpan.Zero));
        var memory = new MemoryNetwork(time);
        await using var anchor = await HostFixture.StartMemoryAsync(memory, "anchor", time);
        await using var host = await HostFixture.StartMemoryAsync(memory, "node", time);
        await using var node = new KademliaService(host, Patient(new KademliaOptions()), time);
        node.Start([HostFixture.AddressOf(anchor)]);

        Assert.Equal(0, await node.ProvideAsync(Model, None).Within("the announcement to nobody"));

        await using var server = new KademliaService(anchor, new KademliaOptions { Mode = KademliaMode.Server }, time);
        await UntilFoundAsync(time, server, "the provider");
        node.StopProviding(Model);
    }

    [Theory]
    [InlineData("/ip4/192.168.1.7/tcp/80", false)]
    [InlineData("/ip4/127.0.0.1/tcp/80", false)]
    [InlineData("/ip6/fe80::1/tcp/80", false)]
    [InlineData("/ip4/1.2.3.4/tcp/80", true)]
    public void DialHints_OfAStrangerFarAway_LeadToPublicPlacesOnly(string address, bool isTaken)
    {
        var parsed = Multiaddr.Parse(address);
        Assert.Equal(isTaken ? [parsed] : [], DialHints.Filter([parsed], isNear: false));
        Assert.Equal([parsed], DialHints.Filter([parsed], isNear: true));
    }

    [Fact]
    public void DialHints_TooManyOrTooLong_AreCut()
    {
        var many = Enumerable.Range(1, 40).Select(i => Multiaddr.FromTcp(new IPEndPoint(IPAddress.Parse("1.2.3.4"), i))).ToList();
        var longName = Multiaddr.Parse("/dns4/" + string.Join('.', Enumerable.Repeat("abcdefghijklmnopqrst", 12)) + "/tcp/1");

        Assert.Equal(many.Take(DialHints.MaxAddresses), DialHints.Filter([longName, .. many], isNear: true));
    }

    [Fact]
    public void Rate_CountsEachPeerAnewInEachWindow()
    {
        var time = new FakeTimeProvider();
        var rate = new KadRate(2, TimeSpan.FromSeconds(10), time);
        Assert.True(rate.TryTake(TestPeers.Id(1)));
        Assert.True(rate.TryTake(TestPeers.Id(1)));
        Assert.False(rate.TryTake(TestPeers.Id(1)));
        Assert.True(rate.TryTake(TestPeers.Id(2)));

        time.Advance(TimeSpan.FromSeconds(10));
        Assert.True(rate.TryTake(TestPeers.Id(1)));
    }

    // Virtual time may run fast: no request may time out because this machine is busy.
    private static KademliaOptions Patient(KademliaOptions options) => options with { Lookup = new LookupOptions { PeerTimeout = TimeSpan.FromHours(1) } };

    private static async Task UntilFoundAsync(FakeTimeProvider time, KademliaService server, string phase)
    {
        var found = 0;
        for (var looks = 0; found == 0; looks++)
        {
            Assert.True(looks < 1000, $"Still missing after {looks} virtual seconds: {phase}.");
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(20);
            found = (await server.FindProvidersAsync(Model, 1, None).Within("a search")).Count;
        }
    }

    private static byte[] KeyFarFrom(PeerId anchor, IReadOnlyList<P2PHost> others)
    {
        for (var i = 0; ; i++)
        {
            var key = Multihash.OfSha256(BitConverter.GetBytes(i));
            var point = KadKey.Of(key);
            if (others.Count(other => point.CompareDistance(KadKey.Of(other.Id), KadKey.Of(anchor)) < 0) >= 21)
            {
                return key;
            }
        }
    }

    private static PeerKey KeyInBucketZero(PeerKey anchor)
    {
        while (true)
        {
            var key = PeerKey.Generate();
            if (KadKey.Of(anchor.PeerId).CommonPrefix(KadKey.Of(key.PeerId)) == 0)
            {
                return key;
            }

            key.Dispose();
        }
    }

    private static async Task<P2PStream> OpenAsync(P2PHost asker, PeerId server, KadMessage request)
    {
        // Streams that have just ended may be counted a moment longer.
        P2PException? refusal = null;
        for (var tries = 0; tries < 200; tries++)
        {
            var stream = await asker.NewStreamAsync(server, KademliaOptions.DefaultProtocol, StreamClass.Control, None);
            try
            {
                await DelimitedMessages.WriteAsync(stream, request.Write(), None);
                Assert.NotNull(await DelimitedMessages.ReadAsync(stream, 100_000, None).Within("an answer"));
                return stream;
            }
            catch (P2PException fault)
            {
                refusal = fault;
                await stream.DisposeAsync();
                await Task.Delay(20);
            }
        }

        throw refusal!;
    }

    private static async Task<KadMessage> AskAsync(P2PHost asker, PeerId server, KadMessage request)
    {
        await using var stream = await asker.NewStreamAsync(server, KademliaOptions.DefaultProtocol, StreamClass.Control, None);
        await DelimitedMessages.WriteAsync(stream, request.Write(), None);
        var encoded = await DelimitedMessages.ReadAsync(stream, 100_000, None).Within("an answer");
        Assert.True(KadMessage.TryRead(encoded, out var answer));
        return answer;
    }
}
