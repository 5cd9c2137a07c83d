using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Skein.Core.Generation;
using Skein.Engine.ChatTemplates;
using Skein.Engine.Edge;
using Skein.Engine.Lanes;
using Skein.Engine.Sampling;
using Skein.Engine.Tokenizing;
using Skein.Gateway.OnePort;
using Skein.Gateway.Serving;
using Skein.Models;
using Skein.P2P.Addressing;
using Skein.P2P.Identity;
using Skein.P2P.Network;
using Skein.P2P.Relay;
using Skein.P2P.Transports.Tcp;
using Skein.Swarm.Codecs;
using Skein.Swarm.Coordination;
using Skein.Swarm.Discovery;
using Skein.Swarm.Transport;

namespace Skein.Gateway.Hosting;

/// <summary>A gateway with its coordinator: embedding and head loaded, peers dialled, HTTP served.</summary>
public sealed class RunningGateway : IAsyncDisposable
{
    private readonly Stack<IAsyncDisposable> _owned;
    private readonly Coordinator _coordinator;

    private RunningGateway(string modelName, Uri address, IReadOnlyList<Multiaddr> peerAddresses, ModelChatPrompt? prompt, string? chatRefusal, Coordinator coordinator, Stack<IAsyncDisposable> owned)
    {
        TakesSystemMessages = prompt?.TakesSystemMessages ?? false;
        ChatRefusal = chatRefusal;
        ModelName = modelName;
        Address = address;
        PeerAddresses = peerAddresses;
        _coordinator = coordinator;
        _owned = owned;
    }

    /// <summary>What clients write as <c>model</c>.</summary>
    public string ModelName { get; }

    /// <summary>Where the gateway listens; ends with a slash.</summary>
    public Uri Address { get; }

    /// <summary>Where libp2p peers reach the gateway, with its peer id: the same port. None if nodes are reached by plain TCP.</summary>
    public IReadOnlyList<Multiaddr> PeerAddresses { get; }

    /// <summary>Whether the model's chat template takes a system message.</summary>
    public bool TakesSystemMessages { get; }

    /// <summary>Why the model cannot chat, so that only text completions are served; null if it can.</summary>
    public string? ChatRefusal { get; }

    /// <summary>Whether a complete chain answers now; what is missing if not.</summary>
    public GeneratorReadiness Readiness => _coordinator.Readiness;

    /// <summary>Resolves the model, loads embedding and head, dials the peers and listens.</summary>
    /// <param name="options">What to serve, and where.</param>
    /// <param name="models">Finds models.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logs">The gateway's log.</param>
    /// <param name="cancellationToken">Gives up before the gateway listens; nothing stays behind but assembled files.</param>
    /// <exception cref="Core.Errors.SkeinException">There is no such model, or it cannot be loaded.</exception>
    public static async Task<RunningGateway> StartAsync(GatewayHostOptions options, ModelResolver models, TimeProvider time, ILoggerFactory logs, CancellationToken cancellationToken)
    {
        var owned = new Stack<IAsyncDisposable>();
        try
        {
            var model = await models.ResolveAsync(options.Model, cancellationToken);
            var lanes = new ComputeLanes(options.Threads);
            owned.Push(new Released(lanes));
            var tokenizer = await model.LoadTokenizerAsync(cancellationToken);
            owned.Push(new Released(tokenizer));
            var edge = Own(await model.LoadEdgeAsync(new EdgeStageOptions { Lanes = lanes }, cancellationToken));
            var ring = await ConnectAsync(options, model, owned, time, logs, cancellationToken);
            var transport = Own(options.Line?.Invoke(ring.Transport) ?? ring.Transport);
            var coordinator = Own(new Coordinator(
                new CoordinatorOptions { Format = options.HalfPrecision ? RowFormat.Float16 : RowFormat.Float32 },
                new ModelEdges
                {
                    Model = model.Digest,
                    BlockCount = model.BlockCount,
                    ContextLength = model.ContextLength,
                    Embedding = edge,
                    Head = edge,
                    Samplers = new LlamaSamplerFactory(tokenizer),
                    Tokenizer = tokenizer,
                },
                ring.Source,
                transport,
                time,
                logs.CreateLogger<Coordinator>()));
            var (prompt, refusal) = await ReadPromptAsync(model, tokenizer, time, cancellationToken);
            var application = GatewayApplication.Create(
                new GatewayOptions { Listen = ring.Listen, ApiKeys = options.ApiKeys, Certificate = options.Certificate },
                new ServedModels(new ServedModel(model.Name, coordinator, tokenizer, prompt, time.GetUtcNow())),
                builder => builder.Services.AddSingleton(logs),
                ring.Port);
            Own(application);
            await application.StartAsync(cancellationToken);
            return new RunningGateway(model.Name, new Uri(application.Urls.First().TrimEnd('/') + "/"), ring.Addresses, prompt, refusal, coordinator, owned);
        }
        catch
        {
            await DisposeAllAsync(owned);
            throw;
        }

        T Own<T>(T part)
            where T : IAsyncDisposable
        {
            owned.Push(part);
            return part;
        }
    }

    /// <summary>Waits until every block is served.</summary>
    /// <param name="bound">The longest wait.</param>
    /// <param name="cancellationToken">Safe.</param>
    /// <exception cref="Core.Errors.SkeinException">Blocks are still missing; the message names them.</exception>
    public async Task WaitUntilReadyAsync(TimeSpan bound, CancellationToken cancellationToken) => await _coordinator.WaitUntilReadyAsync(bound, cancellationToken);

    /// <summary>Ends requests, hangs up, frees the memory.</summary>
    public ValueTask DisposeAsync() => DisposeAllAsync(_owned);

    private static async Task<Ring> ConnectAsync(
        GatewayHostOptions options, ModelHandle model, Stack<IAsyncDisposable> owned, TimeProvider time, ILoggerFactory logs, CancellationToken cancellationToken)
    {
        if (!options.UsesLibp2p)
        {
            return new Ring(new TcpRingTransport(new TcpRingTransportOptions(), time, logs.CreateLogger<TcpRingTransport>()), new StaticChainSource(options.Peers), options.Listen);
        }

        var key = options.Identity;
        if (key is null)
        {
            key = PeerKey.Generate();
            owned.Push(new Released(key));
        }

        // The port is libp2p's, which leaves to Kestrel what is not its own: peers come by it, and calls through home routers leave from it.
        var port = new SharedPort();
        owned.Push(port);
        var network = await NetworkNode.StartAsync(
            new NetworkOptions
            {
                Key = key,
                Anchors = options.Anchors,
                Listen = AddressesOf(options.Listen),
                Tcp = new TcpTransportOptions { HttpHandler = port.OfferHttp, TlsHandler = options.Certificate is null ? null : port.OfferTls },
                // Nobody looks for a gateway: it takes no place of a relay.
                Places = new RelayClientOptions { MaxRelays = 0 },
            },
            time,
            cancellationToken);
        owned.Push(network);
        var bound = new IPEndPoint(options.Listen.Address, network.Host.ListenAddresses[0].TcpEndPoint!.Port);
        var transport = new P2PRingTransport(network.Host, ownsHost: false);
        if (options.Anchors.Count == 0)
        {
            return new Ring(transport, new StaticChainSource(options.Peers), bound) { Port = port, Addresses = network.Addresses };
        }

        var source = new DhtChainSource(network.Host, network.Dht, model.Digest, time);
        owned.Push(source);
        return new Ring(transport, source, bound) { Port = port, Addresses = network.Addresses };
    }

    // "Everywhere" in IPv6 is everywhere in IPv4 too, as servers usually understand it; two free ports would not be the same one.
    private static IReadOnlyList<Multiaddr> AddressesOf(IPEndPoint listen)
        => listen.Address.Equals(IPAddress.IPv6Any) && listen.Port != 0
            ? [Multiaddr.FromTcp(listen), Multiaddr.FromTcp(new IPEndPoint(IPAddress.Any, listen.Port))]
            : [Multiaddr.FromTcp(listen)];

    private static async Task<(ModelChatPrompt? Prompt, string? Refusal)> ReadPromptAsync(ModelHandle model, LlamaTokenizer tokenizer, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            return (ModelChatPrompt.Create(await model.ReadChatTemplateAsync(cancellationToken), tokenizer, time), null);
        }
        catch (ChatTemplateException e)
        {
            // Completions need no template: half a service is better than none.
            return (null, e.Message);
        }
    }

    private static async ValueTask DisposeAllAsync(Stack<IAsyncDisposable> owned)
    {
        // Newest first: HTTP before the coordinator, the coordinator before what it computes with.
        while (owned.TryPop(out var part))
        {
            await part.DisposeAsync();
        }
    }

    // The way to the nodes, and where HTTP is listened for: at a port of its own, or at libp2p's.
    private sealed record Ring(IRingTransport Transport, IChainSource Source, IPEndPoint Listen)
    {
        public SharedPort? Port { get; init; }

        public IReadOnlyList<Multiaddr> Addresses { get; init; } = [];
    }

    private sealed class Released(IDisposable part) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            part.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
