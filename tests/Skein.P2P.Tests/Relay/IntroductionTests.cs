using System.Collections.Concurrent;
using Microsoft.Extensions.Time.Testing;
using Skein.P2P.Connections;
using Skein.P2P.Identify;
using Skein.P2P.Identity;
using Skein.P2P.Relay;
using Skein.P2P.Tests.Connections;
using Skein.P2P.Transports.Memory;
using Skein.P2P.Wire;
using Skein.P2P.Yamux;

namespace Skein.P2P.Tests.Relay;

/// <summary>The relay's class of a peer whose first request comes before its Identify.</summary>
public sealed class IntroductionTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly Classes _classes = new();

    [Fact]
    public async Task Connect_BeforeIdentify_IsOfTheClassThatIdentifyGives()
    {
        await using var fixture = await RelayFixture.CreateAsync(TimeProvider.System, _classes.Options);
        _classes.Relay = fixture.Relay;
        await using var caller = await LateCaller.StartAsync(fixture.Network, TimeProvider.System);
        var answer = await caller.AskAsync(fixture, new HopMessage { Type = HopMessageType.Connect, Peer = fixture.Called.Id }, _classes);

        caller.SayWhatItIs();

        Assert.Equal(RelayStatus.Ok, (await answer.Within("the circuit"))?.Status);
        Assert.Null((await answer)?.Limit);
    }

    [Fact]
    public async Task Connect_OfAPeerThatNeverIdentifies_IsServedAsAStrangers()
    {
        var time = new FakeTimeProvider();
        await using var fixture = await RelayFixture.CreateAsync(time, _classes.Options);
        _classes.Relay = fixture.Relay;
        await using var caller = await LateCaller.StartAsync(fixture.Network, time);
        var answer = await caller.AskAsync(fixture, new HopMessage { Type = HopMessageType.Connect, Peer = fixture.Called.Id }, _classes);

        // Steps that stay below every other bound, until the relay has waited long enough.
        await Waiting.Until(() => { time.Advance(TimeSpan.FromMilliseconds(10)); return answer.IsCompleted; }, "the circuit");

        Assert.Equal(RelayStatus.Ok, (await answer)?.Status);
        Assert.Equal(new RelayServerOptions().SignalLimit, (await answer)?.Limit);
        Assert.True(time.GetUtcNow() - time.Start >= Introductions.Most, $"answered after {time.GetUtcNow() - time.Start}");
    }

    [Fact]
    public async Task Reserve_BeforeIdentify_SaysTheLimitThatIdentifyGives()
    {
        await using var fixture = await RelayFixture.CreateAsync(TimeProvider.System, _classes.Options);
        _classes.Relay = fixture.Relay;
        await using var caller = await LateCaller.StartAsync(fixture.Network, TimeProvider.System);
        var answer = await caller.AskAsync(fixture, new HopMessage { Type = HopMessageType.Reserve }, _classes);

        caller.SayWhatItIs();

        Assert.NotNull((await answer.Within("the place"))?.Reservation);
        Assert.Null((await answer)?.Limit);
    }

    // As a node of the network gives them.
    private sealed class Classes
    {
        private readonly ConcurrentDictionary<PeerId, byte> _asked = new();

        public Classes() => Options = new RelayServerOptions { RatePerPeer = 0, ClassOf = ClassOf };

        public RelayServerOptions Options { get; }

        // There only after the options.
        public P2PHost? Relay { get; set; }

        public bool WereAskedFor(PeerId peer) => _asked.ContainsKey(peer);

        private RelayClass ClassOf(PeerId peer)
        {
            var level = Relay is { } own && own.Peers.Find(peer)?.ProtocolVersion == own.ProtocolVersion ? RelayClass.Swarm : RelayClass.Signal;
            _asked[peer] = 0;
            return level;
        }
    }

    // Answers Identify only when it is told to.
    private sealed class LateCaller : IAsyncDisposable
    {
        private readonly TaskCompletionSource _mayAnswer = new(TaskCreationOptions.RunContinuationsAsynchronously);

        private LateCaller(P2PHost host)
        {
            Host = host;
            host.Unhandle(IdentifyProtocol.Id);
            host.Handle(IdentifyProtocol.Id, StreamClass.Control, AnswerAsync);
        }

        public P2PHost Host { get; }

        public static async Task<LateCaller> StartAsync(MemoryNetwork network, TimeProvider time)
            => new(await HostFixture.StartMemoryAsync(network, "late", time, own => own with { Listen = [] }));

        /// <summary>Sends the request; the inner task is the answer.</summary>
        public async Task<Task<HopMessage?>> AskAsync(RelayFixture fixture, HopMessage request, Classes classes)
        {
            Host.Peers.AddAddresses(fixture.Relay.Id, fixture.Relay.Addresses);
            var connection = await Host.ConnectAsync(fixture.Relay.Id, None).Within("the connection with the relay");
            var stream = await connection.NewStreamAsync(RelayProtocol.HopId, StreamClass.Control, None);
            await DelimitedMessages.WriteAsync(stream, request.Write(), None);
            await Waiting.Until(() => classes.WereAskedFor(Host.Id), "the request at the relay");
            return RelayProtocol.ReadHopAsync(stream, None);
        }

        public void SayWhatItIs() => _mayAnswer.TrySetResult();

        public async ValueTask DisposeAsync()
        {
            SayWhatItIs();
            await Host.DisposeAsync();
        }

        private async Task AnswerAsync(P2PStream stream, CancellationToken cancellationToken)
        {
            await _mayAnswer.Task.WaitAsync(cancellationToken);
            await DelimitedMessages.WriteAsync(stream, new IdentifyMessage { PublicKey = Host.Key.PublicKey, Protocols = Host.Protocols, ProtocolVersion = Host.ProtocolVersion }.Write(), cancellationToken);
        }
    }
}
