using System.Net;
using Microsoft.Extensions.Logging;
using Skein.Core.Identity;
using Skein.Engine.Lanes;
using Skein.Engine.Stages;
using Skein.Models;
using Skein.P2P.Addressing;
using Skein.P2P.Network;
using Skein.P2P.Reachability;
using Skein.Swarm.Discovery;
using Skein.Swarm.Stages;
using Skein.Swarm.Transport;

namespace Skein.Node;

/// <summary>A volunteer's node: a span of a model, loaded and served.</summary>
public sealed class NodeHost : IAsyncDisposable
{
    private readonly ComputeLanes _lanes;
    private readonly EngineStage _stage;
    private readonly IRingTransport _transport;
    private readonly StageService _service;
    private readonly NetworkNode? _network;
    private readonly ModelAnnouncer? _announcer;

    private NodeHost(ModelHandle model, ComputeLanes lanes, EngineStage stage, IRingTransport transport, StageService service, IPEndPoint endpoint, string address, NetworkNode? network = null, ModelAnnouncer? announcer = null)
    {
        _network = network;
        _announcer = announcer;
        Endpoint = endpoint;
        Address = address;
        ModelName = model.Name;
        _lanes = lanes;
        _stage = stage;
        _transport = transport;
        _service = service;
    }

    /// <summary>The model's name.</summary>
    public string ModelName { get; }

    /// <summary>Blocks that are served.</summary>
    public BlockSpan Span => _stage.Info.Span;

    /// <summary>Where the node listens.</summary>
    public IPEndPoint Endpoint { get; }

    /// <summary>What a gateway is given to reach the node: <c>host:port</c>, or a multiaddr that names the peer.</summary>
    public string Address { get; }

    /// <summary>Completes when the network knows that this node hosts the model; at once without anchors.</summary>
    public Task Announced => _announcer?.Announced ?? Task.CompletedTask;

    /// <summary>KV tokens that no session has reserved.</summary>
    public int FreeKvTokens => _stage.FreeKvTokens;

    /// <summary>Sessions that are open.</summary>
    public int SessionCount => _service.SessionCount;

    /// <summary>Resolves the model, assembles and loads the span, and listens.</summary>
    /// <param name="options">What to host, and where.</param>
    /// <param name="models">Finds models.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logs">The node's log.</param>
    /// <param name="cancellationToken">Gives up before the node listens; nothing stays behind but assembled files.</param>
    /// <exception cref="Core.Errors.SkeinException">There is no such model, it has no such blocks, or it cannot be loaded.</exception>
    public static async Task<NodeHost> StartAsync(NodeOptions options, ModelResolver models, TimeProvider time, ILoggerFactory logs, CancellationToken cancellationToken)
    {
        var model = await models.ResolveAsync(options.Model, cancellationToken);
        var lanes = new ComputeLanes(options.Threads);
        EngineStage? stage = null;
        IRingTransport? transport = null;
        NetworkNode? network = null;
        try
        {
            stage = await model.LoadStageAsync(options.Span, new EngineStageOptions { KvTokenBudget = options.KvTokens, Lanes = lanes }, cancellationToken);
            HostedStage[] hosted = [new HostedStage(model.Digest, stage)];
            if (options.Identity is { } identity)
            {
                network = await NetworkNode.StartAsync(
                    new NetworkOptions { Key = identity, Listen = [Multiaddr.FromTcp(options.Listen)], Anchors = options.Anchors, Reachability = new ReachabilityOptions(), MapPort = options.MapPort },
                    time,
                    cancellationToken);
                Tell(network, logs.CreateLogger<NodeHost>());
                transport = Wrap(new P2PRingTransport(network.Host, ownsHost: false), options);
                var service = new StageService(new StageServiceOptions(), hosted, transport, time, logs.CreateLogger<StageService>());
                var announcer = options.Anchors.Count > 0 ? new ModelAnnouncer(network.Dht, model.Digest, time) : null;
                var address = network.Addresses[0];
                return new NodeHost(model, lanes, stage, transport, service, address.TcpEndPoint!, address.ToString(), network, announcer);
            }
            else
            {
                var tcp = new TcpRingTransport(new TcpRingTransportOptions { Listen = options.Listen }, time, logs.CreateLogger<TcpRingTransport>());
                transport = Wrap(tcp, options);
                var service = new StageService(new StageServiceOptions(), hosted, transport, time, logs.CreateLogger<StageService>());
                tcp.Start();
                return new NodeHost(model, lanes, stage, transport, service, tcp.LocalEndPoint!, tcp.LocalEndPoint!.ToString());
            }
        }
        catch
        {
            if (network is not null)
            {
                await network.DisposeAsync();
            }

            if (transport is not null)
            {
                await transport.DisposeAsync();
            }

            if (stage is not null)
            {
                await stage.DisposeAsync();
            }

            lanes.Dispose();
            throw;
        }
    }

    /// <summary>Closes sessions with a word to both sides, then frees the memory.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_announcer is not null)
        {
            await _announcer.DisposeAsync();
        }

        await _service.DisposeAsync();
        if (_network is not null)
        {
            await _network.DisposeAsync();
        }

        await _transport.DisposeAsync();
        await _stage.DisposeAsync();
        _lanes.Dispose();
    }

    private static void Tell(NetworkNode network, ILogger log)
    {
        network.Reachability!.Changed += report =>
        {
            var reachable = report.Reachable;
            if (reachable.Count > 0)
            {
                NodeLog.Reachable(log, reachable);
            }
            else if (report.State == ReachabilityState.Unreachable)
            {
                NodeLog.Unreachable(log);
            }
        };
    }

    private static IRingTransport Wrap(IRingTransport transport, NodeOptions options) => options.Line?.Invoke(transport) ?? transport;
}
