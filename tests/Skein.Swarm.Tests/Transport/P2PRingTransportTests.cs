using Skein.Core.Generation;
using Skein.Core.Identity;
using Skein.P2P.Addressing;
using Skein.P2P.Connections;
using Skein.P2P.Errors;
using Skein.P2P.Identity;
using Skein.P2P.Transports.Tcp;
using Skein.Swarm.Coordination;
using Skein.Swarm.Errors;
using Skein.Swarm.Stages;
using Skein.Swarm.Tests.Fakes;
using Skein.Swarm.Transport;

namespace Skein.Swarm.Tests.Transport;

/// <summary>The ring over libp2p on loopback.</summary>
public sealed class P2PRingTransportTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);
    private static readonly int[] Prompt = [1, 5, 9, 2, 60, 33];

    [Fact]
    public async Task Ring_OverLibp2p_EqualsTheWholeModel()
    {
        await using var ring = await Libp2pRing.StartAsync(3);
        var report = new GenerationReport();

        var tokens = await ring.GenerateAsync(Prompt, 40, report);

        Assert.Equal(FakeModel.Reference(Prompt, 40, ring.Spans), tokens);
        Assert.Equal(ring.Addresses.Select(a => a.Id), report.Stages.Select(stage => stage.Peer));
    }

    [Fact]
    public async Task Ring_LongPromptsOfManyUsers_EqualTheWholeModel()
    {
        await using var ring = await Libp2pRing.StartAsync(3);
        var prompts = Enumerable.Range(0, 6).Select(i => Enumerable.Range(0, 50 + (100 * i)).Select(j => (i + (j * 3)) % 64).ToArray()).ToArray();

        var replies = await Task.WhenAll(prompts.Select(prompt => ring.GenerateAsync(prompt, 20)));

        for (var i = 0; i < prompts.Length; i++)
        {
            Assert.Equal(FakeModel.Reference(prompts[i], 20, ring.Spans), replies[i]);
        }

        // Prompts take a connection of their own, so that decode frames never wait behind one.
        Assert.InRange(ring.ConnectionsOfTheCoordinatorWith(0), 2, 4);
    }

    [Fact]
    public async Task Reply_NodeGoneMidway_FailsInTimeAndNamesTheReason()
    {
        await using var ring = await Libp2pRing.StartAsync(3);
        var tokens = 0;

        var failure = await Assert.ThrowsAsync<SwarmException>(async () =>
        {
            await foreach (var token in ring.Coordinator.GenerateAsync(new GenerationRequest { Prompt = Prompt, MaxTokens = 1500 }, null, CancellationToken.None))
            {
                if (++tokens == 5)
                {
                    await ring.StopNodeAsync(1);
                }
            }
        }).WaitAsync(Bound);

        Assert.True(failure.IsTransient, $"{failure.Error} is not transient");
    }

    [Fact]
    public async Task ConnectAsync_AddressOfAnotherPeer_IsRefused()
    {
        await using var ring = await Libp2pRing.StartAsync(1);
        await using var dialler = await StartAsync(listen: false);
        var stranger = new PeerAddress(PeerKey.Generate().PeerId.ToString(), ring.Addresses[0].Addresses);

        var failure = await Assert.ThrowsAsync<SwarmException>(async () => await dialler.ConnectAsync(stranger, RingProtocols.Session, TrafficClass.Control, CancellationToken.None));

        Assert.Equal(SwarmError.ConnectFailed, failure.Error);
        Assert.Equal(P2PError.WrongPeer, Assert.IsType<P2PException>(failure.InnerException).Error);
    }

    [Theory]
    [InlineData("127.0.0.1:7410")]
    [InlineData("not an id")]
    public async Task ConnectAsync_NoPeerId_Fails(string id)
    {
        await using var dialler = await StartAsync(listen: false);

        var failure = await Assert.ThrowsAsync<SwarmException>(async () => await dialler.ConnectAsync(new PeerAddress(id, ["127.0.0.1:7410"]), RingProtocols.Session, TrafficClass.Control, CancellationToken.None));

        Assert.Equal(SwarmError.ConnectFailed, failure.Error);
    }

    [Fact]
    public async Task ConnectAsync_HintsThatAreNoAddresses_AreSkipped()
    {
        await using var ring = await Libp2pRing.StartAsync(1);
        await using var dialler = await StartAsync(listen: false);
        var peer = new PeerAddress(ring.Addresses[0].Id, ["nonsense", "/ip4/nonsense", .. ring.Addresses[0].Addresses]);

        await using var stream = await dialler.ConnectAsync(peer, RingProtocols.Session, TrafficClass.Control, CancellationToken.None).AsTask().WaitAsync(Bound);

        Assert.True(stream.CanRead && stream.CanWrite);
    }

    [Theory]
    [InlineData("/ip4/192.0.2.7/tcp/7410/p2p/12D3KooWRawPbxPtP1eZaJpumGnyWX2DcUyd3RQnydr3eAto4Az7", true)]
    [InlineData("/ip4/192.0.2.7/tcp/7410", false)]
    [InlineData("192.0.2.7:7410", false)]
    [InlineData("", false)]
    public void TryParse_OnlyMultiaddrsThatNameAPeer(string text, bool expected)
        => Assert.Equal(expected, P2PRingTransport.TryParse(text, out _));

    [Fact]
    public async Task Connect_ANameThatStandsForAPrivateAddress_IsTheOperatorsAlone()
    {
        await using var ring = await Libp2pRing.StartAsync(1);
        await using var dialler = await StartAsync(listen: false);
        var port = Multiaddr.Parse(ring.Addresses[0].Addresses[0]).TcpEndPoint!.Port;
        Assert.True(P2PRingTransport.TryParse($"/dns4/localhost/tcp/{port}/p2p/{ring.Addresses[0].Id}", out var given));
        var found = new PeerAddress(given.Id, given.Addresses);

        await Assert.ThrowsAsync<SwarmException>(async () => await dialler.ConnectAsync(found, RingProtocols.Session, TrafficClass.Control, CancellationToken.None).AsTask().WaitAsync(Bound));
        await Assert.ThrowsAsync<SwarmException>(async () => await dialler.ConnectAsync(given.ToldBy(given.Id), RingProtocols.Session, TrafficClass.Control, CancellationToken.None).AsTask().WaitAsync(Bound));
        await using var stream = await dialler.ConnectAsync(given, RingProtocols.Session, TrafficClass.Control, CancellationToken.None).AsTask().WaitAsync(Bound);

        Assert.True(stream.CanRead && stream.CanWrite);
    }

    private static async Task<P2PRingTransport> StartAsync(bool listen) => new(await StartHostAsync(listen));

    private static async Task<P2PHost> StartHostAsync(bool listen)
    {
        var host = new P2PHost(
            new P2PHostOptions { Key = PeerKey.Generate(), Listen = listen ? [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")] : [] },
            [new TcpTransport(new TcpTransportOptions(), TimeProvider.System)],
            TimeProvider.System);
        await host.StartAsync(CancellationToken.None);
        return host;
    }

    private sealed class Libp2pRing : IAsyncDisposable
    {
        private readonly List<(FakeStage Stage, StageService Service, P2PRingTransport Transport)> _nodes = [];
        private P2PHost _host = null!;
        private P2PRingTransport _transport = null!;

        public Coordinator Coordinator { get; private set; } = null!;

        public IReadOnlyList<PeerAddress> Addresses { get; private set; } = [];

        public IReadOnlyList<BlockSpan> Spans => [.. _nodes.Select(node => node.Stage.Info.Span)];

        public static async Task<Libp2pRing> StartAsync(int stages)
        {
            var ring = new Libp2pRing();
            foreach (var span in BlockSpan.Split(FakeModel.BlockCount, stages))
            {
                var transport = await P2PRingTransportTests.StartAsync(listen: true);
                var stage = new FakeStage(span);
                ring._nodes.Add((stage, new StageService(new StageServiceOptions(), [new HostedStage(FakeModel.Digest, stage)], transport), transport));
            }

            ring.Addresses = [.. ring._nodes.Select(node => node.Transport.Address)];
            ring._host = await StartHostAsync(listen: false);
            ring._transport = new P2PRingTransport(ring._host);
            ring.Coordinator = new Coordinator(new CoordinatorOptions(), new FakeModel().Edges, new StaticChainSource([.. ring.Addresses]), ring._transport);
            await ring.Coordinator.WaitUntilReadyAsync(Bound, CancellationToken.None);
            return ring;
        }

        public async Task<int[]> GenerateAsync(int[] prompt, int count, GenerationReport? report = null)
        {
            var tokens = new List<int>();
            await foreach (var token in Coordinator.GenerateAsync(new GenerationRequest { Prompt = prompt, MaxTokens = count }, report, CancellationToken.None))
            {
                tokens.Add(token.Id);
            }

            return [.. tokens];
        }

        public int ConnectionsOfTheCoordinatorWith(int node)
        {
            Assert.True(PeerId.TryParse(Addresses[node].Id, out var id));
            return _host.ConnectionsWith(id).Count;
        }

        public async Task StopNodeAsync(int index)
        {
            await _nodes[index].Transport.DisposeAsync().AsTask().WaitAsync(Bound);
            await _nodes[index].Service.DisposeAsync().AsTask().WaitAsync(Bound);
        }

        public async ValueTask DisposeAsync()
        {
            await Coordinator.DisposeAsync();
            await _transport.DisposeAsync();
            foreach (var node in _nodes)
            {
                await node.Service.DisposeAsync();
                await node.Transport.DisposeAsync();
            }
        }
    }
}
