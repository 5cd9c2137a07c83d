using System.Collections.Concurrent;
using Skein.Core.Identity;
using Skein.Core.Stages;
using Skein.Swarm.Errors;
using Skein.Swarm.Links;
using Skein.Swarm.Messages;
using Skein.Swarm.Tests.Messages;
using Skein.Swarm.Transport;
using Skein.Swarm.Wire;

namespace Skein.Swarm.Tests.Fakes;

/// <summary>A node that hosts everything and behaves as a test tells it to.</summary>
internal sealed class EvilNode : IAsyncDisposable
{
    private readonly InMemoryRingTransport _transport;
    private readonly ConcurrentDictionary<WireConnection, Stream> _streams = new();

    public EvilNode(InMemoryRingNetwork network, string name = "evil")
    {
        _transport = network.Join(name);
        _transport.Handle(RingProtocols.Session, ServeSessionAsync);
        _transport.Handle(RingProtocols.Activations, ServeLinkAsync);
        _transport.Handle(RingProtocols.Bulk, ServeLinkAsync);
    }

    public PeerAddress Address => _transport.Address;

    /// <summary>Its first message.</summary>
    public IWireMessage First { get; set; } = new OffersMessage([new StageOffer(FakeModel.Digest, new StageInfo(new BlockSpan(0, FakeModel.BlockCount), FakeModel.Width, 256, 2048, 100_000, "evil", true), 100_000)]);

    /// <summary>Answers a message on the session stream.</summary>
    public Func<WireConnection, IWireMessage, Task> OnMessage { get; set; } = static async (connection, message) =>
    {
        if (message is OpenMessage open)
        {
            await connection.SendAsync(new OpenedMessage(open.Session, open.Hop, open.KvTokens, "evil", true, 256, 16));
        }
        else if (message is CloseMessage close)
        {
            await connection.SendAsync(new ClosedMessage(close.Session, close.Hop, 0, TimeSpan.Zero, 0, 0, 0));
        }
    };

    /// <summary>Takes a frame.</summary>
    public Func<WireConnection, FrameHeader, Task> OnFrame { get; set; } = static (_, _) => Task.CompletedTask;

    /// <summary>The link on which results go back.</summary>
    public WireConnection? Back { get; private set; }

    /// <summary>Writes any bytes where a connection would write messages.</summary>
    public async Task WriteAsync(WireConnection connection, byte[] bytes)
    {
        try
        {
            await _streams[connection].WriteAsync(bytes);
        }
        catch (IOException)
        {
            // The coordinator had enough.
        }
    }

    public ValueTask DisposeAsync() => _transport.DisposeAsync();

    private async Task ServeSessionAsync(InboundStream inbound, CancellationToken cancellationToken)
    {
        await using var connection = new WireConnection(inbound.Stream, inbound.Remote, TimeProvider.System);
        _streams[connection] = inbound.Stream;
        try
        {
            await connection.SendAsync(First);
            while (true)
            {
                var header = await connection.ReadHeaderAsync();
                if (header.Type == WireMessageType.Heartbeat)
                {
                    await connection.OnHeartbeatAsync(header);
                    continue;
                }

                await OnMessage(connection, MessageReader.Read(header.Type, (await connection.ReadBodyAsync(header)).Span)!);
            }
        }
        catch (SwarmException)
        {
            // The coordinator had enough.
        }
    }

    private async Task ServeLinkAsync(InboundStream inbound, CancellationToken cancellationToken)
    {
        await using var connection = new WireConnection(inbound.Stream, inbound.Remote, TimeProvider.System);
        _streams[connection] = inbound.Stream;
        try
        {
            await connection.SkipAsync(await connection.ReadHeaderAsync());
            await connection.SendAsync(new WelcomeMessage());
            if (inbound.Class == TrafficClass.Decode)
            {
                Back = connection;
            }

            while (true)
            {
                var header = await connection.ReadHeaderAsync();
                if (header.Type == WireMessageType.Heartbeat)
                {
                    await connection.OnHeartbeatAsync(header);
                    continue;
                }

                await connection.SkipAsync(header);
                if (header.Type == WireMessageType.Frame)
                {
                    await OnFrame(Back!, header.Frame);
                }
            }
        }
        catch (SwarmException)
        {
            // The coordinator had enough.
        }
    }
}
