using System.Net;
using Skein.Core.Generation;
using Skein.Core.Identity;
using Skein.Swarm.Coordination;
using Skein.Swarm.Stages;
using Skein.Swarm.Transport;

namespace Skein.Swarm.Tests.Fakes;

/// <summary>Nodes and a coordinator, in memory or over TCP on loopback.</summary>
public sealed class TestRing : IAsyncDisposable
{
    private readonly InMemoryRingNetwork? _network;
    private readonly StageServiceOptions _stageOptions;

    private TestRing(InMemoryRingNetwork? network, StageServiceOptions stageOptions)
    {
        _network = network;
        _stageOptions = stageOptions;
    }

    public List<TestNode> Nodes { get; } = [];

    public TestLogger Log { get; } = new();

    public IRingTransport Transport { get; private set; } = null!;

    public Coordinator Coordinator { get; private set; } = null!;

    public FakeModel Model { get; private set; } = null!;

    public IReadOnlyList<BlockSpan> Spans => [.. Nodes.Select(n => n.Stage.Info.Span)];

    public static async Task<TestRing> StartAsync(
        bool tcp,
        int stages,
        CoordinatorOptions? options = null,
        StageServiceOptions? stageOptions = null,
        Func<BlockSpan, FakeStage>? makeStage = null,
        FakeModel? model = null)
    {
        var ring = new TestRing(tcp ? null : new InMemoryRingNetwork(), stageOptions ?? new StageServiceOptions());
        foreach (var span in BlockSpan.Split(FakeModel.BlockCount, stages))
        {
            ring.Nodes.Add(ring.StartNode($"node{ring.Nodes.Count}", makeStage?.Invoke(span) ?? new FakeStage(span), 0));
        }

        ring.Transport = tcp ? new TcpRingTransport(new TcpRingTransportOptions()) : ring._network!.Join("coordinator");
        ring.Model = model ?? new FakeModel();
        ring.Coordinator = new Coordinator(options ?? new CoordinatorOptions(), ring.Model.Edges, new StaticChainSource([.. ring.Nodes.Select(n => n.Address)]), ring.Transport, null, ring.Log);
        await ring.Coordinator.WaitUntilReadyAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        return ring;
    }

    public TestNode StartNode(string name, FakeStage stage, int port)
    {
        if (_network is not null)
        {
            var memory = _network.Join(name);
            return new TestNode(stage, memory, new StageService(_stageOptions, [new HostedStage(FakeModel.Digest, stage)], memory, null, Log), memory.Address);
        }

        var transport = new TcpRingTransport(new TcpRingTransportOptions { Listen = new IPEndPoint(IPAddress.Loopback, port) }, null, Log);
        var service = new StageService(_stageOptions, [new HostedStage(FakeModel.Digest, stage)], transport, null, Log);
        transport.Start();
        return new TestNode(stage, transport, service, PeerAddress.Tcp(transport.LocalEndPoint!));
    }

    /// <summary>Another peer in the same network.</summary>
    public InMemoryRingTransport StartTransport(string name) => _network!.Join(name);

    public async Task<int[]> GenerateAsync(int[] prompt, int count, GenerationReport? report = null, CancellationToken cancellationToken = default)
    {
        var tokens = new List<int>();
        await foreach (var token in Coordinator.GenerateAsync(new GenerationRequest { Prompt = prompt, MaxTokens = count }, report, cancellationToken))
        {
            tokens.Add(token.Id);
        }

        return [.. tokens];
    }

    public int[] Reference(int[] prompt, int count) => FakeModel.Reference(prompt, count, Spans);

    /// <summary>Waits until nothing of any session is left anywhere.</summary>
    public Task WaitUntilFreeAsync()
        => Eventually.TrueAsync(
            () => Coordinator.SessionCount == 0 && Nodes.All(n => n.Service.SessionCount == 0 && n.Stage.OpenSequences == 0 && n.Stage.FreeKvTokens == n.Stage.Info.KvTokenBudget && n.Service.WaitingBytes == 0),
            () => $"sessions left: coordinator {Coordinator.SessionCount}; " + string.Join("; ", Nodes.Select(n => $"{n.Address}: {n.Service.SessionCount} sessions, {n.Stage.OpenSequences} sequences, {n.Service.WaitingBytes} bytes waiting")));

    public async ValueTask DisposeAsync()
    {
        await Coordinator.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));
        foreach (var node in Nodes)
        {
            await node.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));
        }

        await Transport.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));
    }
}
