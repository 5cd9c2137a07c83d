using Microsoft.Extensions.Time.Testing;
using Skein.Swarm.Errors;
using Skein.Swarm.Links;
using Skein.Swarm.Messages;
using Skein.Swarm.Transport;
using Skein.Swarm.Wire;

namespace Skein.Swarm.Tests.Links;

public sealed class WireConnectionTests
{
    private static readonly LinkTiming Timing = new();
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task Watch_SilentPeerWithSessions_IsLostAfterSixSeconds()
    {
        await using var pair = new Pair(_time);
        var watch = pair.Near.WatchAsync(Timing, asks: true, static () => true);
        var reading = Drain(pair.Near);

        await AdvanceAsync(6);
        Assert.Null(pair.Near.Failure);
        await AdvanceAsync(3);

        Assert.Equal(SwarmError.PeerLost, pair.Near.Failure?.Error);
        await watch;
        await reading;
    }

    [Fact]
    public async Task Watch_PeerThatAnswers_StaysAndIsMeasured()
    {
        await using var pair = new Pair(_time);
        var watch = pair.Near.WatchAsync(Timing, asks: true, static () => true);
        var near = Drain(pair.Near);
        var far = Drain(pair.Far);

        await AdvanceAsync(60);

        Assert.Null(pair.Near.Failure);
        Assert.NotNull(pair.Near.RoundTrip);
        await pair.DisposeAsync();
        await Task.WhenAll(watch, near, far);
    }

    [Fact]
    public async Task Watch_IdlePeer_IsAskedEveryHalfMinuteOnly()
    {
        await using var pair = new Pair(_time);
        var watch = pair.Near.WatchAsync(Timing, asks: true, static () => false);
        var near = Drain(pair.Near);
        var asked = 0;
        var far = Drain(pair.Far, () => asked++);

        await AdvanceAsync(100);

        Assert.Equal(3, asked);
        Assert.Null(pair.Near.Failure);
        await pair.DisposeAsync();
        await Task.WhenAll(watch, near, far);
    }

    [Fact]
    public async Task Watch_PassiveSide_GivesASilentPeerUp()
    {
        await using var pair = new Pair(_time);
        await using var other = new Pair(_time);
        var idle = pair.Near.WatchAsync(Timing, asks: false, static () => false);
        var active = other.Near.WatchAsync(Timing, asks: false, static () => true);

        await AdvanceAsync(29);
        Assert.Null(other.Near.Failure);
        await AdvanceAsync(3);
        Assert.NotNull(other.Near.Failure);
        await AdvanceAsync(57);
        Assert.Null(pair.Near.Failure);
        await AdvanceAsync(3);
        Assert.NotNull(pair.Near.Failure);
        await Task.WhenAll(idle, active);
    }

    [Fact]
    public async Task Watch_PeerThatTakesNothing_IsGivenUp()
    {
        await using var pair = new Pair(_time);
        var watch = pair.Near.WatchAsync(Timing, asks: false, static () => false);
        // More than the pipe holds, and the far side does not read.
        var message = new ErrorMessage(null, 0, SwarmError.Internal, new string('x', 500));
        var writing = Task.Run(async () =>
        {
            while (true)
            {
                await pair.Near.SendAsync(message);
            }
        });

        await AdvanceAsync(25);

        await Assert.ThrowsAsync<SwarmException>(() => writing.WaitAsync(TimeSpan.FromSeconds(10)));
        Assert.Equal(SwarmError.NoProgress, pair.Near.Failure?.Error);
        await watch;
    }

    [Fact]
    public async Task Watch_ThisProcessWasSuspended_IsForgiven()
    {
        await using var pair = new Pair(_time);
        var watch = pair.Near.WatchAsync(Timing, asks: true, static () => true);
        var near = Drain(pair.Near);
        await AdvanceAsync(2);

        // No tick for a minute: a laptop that slept.
        _time.Advance(TimeSpan.FromMinutes(1));
        await SettleAsync();
        Assert.Null(pair.Near.Failure);

        var far = Drain(pair.Far);
        await AdvanceAsync(10);
        Assert.Null(pair.Near.Failure);
        await pair.DisposeAsync();
        await Task.WhenAll(watch, near, far);
    }

    [Fact]
    public async Task SendAsync_ManyAtOnce_NeverTearsAMessage()
    {
        await using var pair = new Pair(TimeProvider.System);
        var sending = Enumerable.Range(0, 50).Select(i => Task.Run(async () =>
        {
            for (var j = 0; j < 40; j++)
            {
                await pair.Near.SendAsync(new HeartbeatMessage((ulong)((i * 1000) + j), true));
            }
        })).ToArray();
        var seen = new HashSet<ulong>();

        while (seen.Count < 2000)
        {
            var header = await pair.Far.ReadHeaderAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10));
            Assert.True(HeartbeatMessage.TryRead((await pair.Far.ReadBodyAsync(header)).Span, out var heartbeat));
            Assert.True(seen.Add(heartbeat.Nonce));
        }

        await Task.WhenAll(sending);
    }

    [Fact]
    public async Task ReadHeaderAsync_UnknownTypes_AreSkippedWhole()
    {
        await using var pair = new Pair(TimeProvider.System);
        var unknown = new byte[WireEnvelope.Size + WireLimits.MaxBody];
        new WireEnvelope((WireMessageType)200, WireLimits.MaxBody).Write(unknown);
        await pair.FarStream.WriteAsync(unknown);
        await pair.Far.SendAsync(new HeartbeatMessage(5, true));

        var first = await pair.Near.ReadHeaderAsync();
        await pair.Near.SkipAsync(first);
        var second = await pair.Near.ReadHeaderAsync();

        Assert.Equal((WireMessageType)200, first.Type);
        Assert.Equal(WireMessageType.Heartbeat, second.Type);
    }

    private static async Task Drain(WireConnection connection, Action? onHeartbeat = null)
    {
        try
        {
            while (true)
            {
                var header = await connection.ReadHeaderAsync();
                onHeartbeat?.Invoke();
                await connection.OnHeartbeatAsync(header);
            }
        }
        catch (SwarmException)
        {
            // Closed.
        }
    }

    /// <summary>Time in steps of a tick; between them every task gets to run.</summary>
    private async Task AdvanceAsync(int seconds)
    {
        for (var i = 0; i < seconds * 2; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(500));
            await SettleAsync();
        }
    }

    private static async Task SettleAsync()
    {
        for (var i = 0; i < 3; i++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
        }
    }

    private sealed class Pair : IAsyncDisposable
    {
        public Pair(TimeProvider time)
        {
            var (near, far) = InMemoryStream.CreatePair(static _ => ValueTask.CompletedTask);
            FarStream = far;
            Near = new WireConnection(near, "far", time);
            Far = new WireConnection(far, "near", time);
        }

        public Stream FarStream { get; }

        public WireConnection Near { get; }

        public WireConnection Far { get; }

        public async ValueTask DisposeAsync()
        {
            await Near.DisposeAsync();
            await Far.DisposeAsync();
        }
    }
}
