using Microsoft.Extensions.Time.Testing;
using Skein.P2P.Connections;
using Skein.P2P.Errors;
using Skein.P2P.Transports.Memory;
using Skein.P2P.Yamux;

namespace Skein.P2P.Tests.Connections;

/// <summary>Whoever waits for a peer that never answers a proposal waits for a bounded time.</summary>
public sealed class SilentPeerTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task Identify_OfAPeerThatNeverAnswers_LetsItsStreamGo()
    {
        var time = new FakeTimeProvider();
        var network = new MemoryNetwork(time);
        await using var silent = await SilentPeer.StartAsync(network, time);
        await using var near = await HostFixture.StartMemoryAsync(network, "near", time);
        var connection = await near.ConnectAsync(silent.Address, None);
        await Waiting.Until(() => !silent.Streams.IsEmpty, "the question of identify");

        await AdvanceAsync(time, connection, TimeSpan.FromSeconds(11));

        await Waiting.Until(() => connection.StreamCount == 0, "the end of the stream that nobody answered");
        Assert.False(connection.Closed.IsCompleted);
    }

    [Fact]
    public async Task CloseWriteAndRead_ProposalNeverAnswered_TimeOut()
    {
        var time = new FakeTimeProvider();
        var network = new MemoryNetwork(time);
        await using var silent = await SilentPeer.StartAsync(network, time);
        await using var near = await HostFixture.StartMemoryAsync(network, "near", time);
        var connection = await near.ConnectAsync(silent.Address, None);
        await using var closing = await connection.NewStreamAsync("/nobody", StreamClass.Control, None);
        await using var reading = await connection.NewStreamAsync("/nobody", StreamClass.Control, None);
        var close = closing.CloseWriteAsync(None).AsTask();
        var read = reading.ReadAsync(new byte[1], None).AsTask();

        await AdvanceAsync(time, connection, TimeSpan.FromSeconds(11));

        Assert.Equal(P2PError.TimedOut, (await Assert.ThrowsAsync<P2PException>(() => close.Within("the end of closing"))).Error);
        Assert.Equal(P2PError.TimedOut, (await Assert.ThrowsAsync<P2PException>(() => read.Within("the end of reading"))).Error);
    }

    [Fact]
    public async Task CloseWrite_Cancelled_EndsAtOnce()
    {
        var time = new FakeTimeProvider();
        var network = new MemoryNetwork(time);
        await using var silent = await SilentPeer.StartAsync(network, time);
        await using var near = await HostFixture.StartMemoryAsync(network, "near", time);
        var connection = await near.ConnectAsync(silent.Address, None);
        await using var stream = await connection.NewStreamAsync("/nobody", StreamClass.Control, None);
        using var cancelled = new CancellationTokenSource();
        var close = stream.CloseWriteAsync(cancelled.Token).AsTask();

        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => close.Within("the end of closing"));
    }

    // A ping that is on its way must not run out of virtual time.
    private static async Task AdvanceAsync(FakeTimeProvider time, P2PConnection connection, TimeSpan by)
    {
        for (var passed = TimeSpan.Zero; passed < by; passed += TimeSpan.FromSeconds(1))
        {
            await connection.Muxer.PingAsync(None).Within("a ping");
            time.Advance(TimeSpan.FromSeconds(1));
        }
    }
}
