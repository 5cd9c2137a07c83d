using Microsoft.Extensions.Time.Testing;
using Skein.P2P.Errors;
using Skein.P2P.Yamux;

namespace Skein.P2P.Tests.Yamux;

/// <summary>Who waits for whom: windows, the backlog, buffers, and the order of classes.</summary>
public sealed class YamuxFlowControlTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task Write_ReaderThatDoesNotRead_WaitsAtTheWindow()
    {
        await using var pair = YamuxPair.Start();
        var (near, far) = await pair.OpenAsync();

        // One byte of the window went with the opening.
        await near.WriteAsync(new byte[YamuxOptions.InitialWindow - 1]).Within("the first window");
        var more = near.WriteAsync(new byte[1]).AsTask();
        await near.FlushAsync();
        Assert.False(more.IsCompleted);

        await far.ReadExactlyAsync(new byte[(YamuxOptions.InitialWindow / 2) - 1]).Within("half the window");
        await more.Within("the write, after half the window was read");
    }

    [Fact]
    public async Task Write_ReaderThatStandsStill_IsResetAfterTheBound()
    {
        var time = new FakeTimeProvider();
        await using var pair = YamuxPair.Start(time: time);
        var (near, far) = await pair.OpenAsync();
        var write = near.WriteAsync(new byte[1_000_000]).AsTask();

        for (var step = 0; step < 100 && !write.IsCompleted; step++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await pair.SettleAsync();
        }

        Assert.Equal(P2PError.TimedOut, (await Assert.ThrowsAsync<P2PException>(() => write.Within("the reset"))).Error);
        Assert.True(time.GetUtcNow() - time.Start >= TimeSpan.FromSeconds(60));
        Assert.Equal(P2PError.StreamReset, (await Assert.ThrowsAsync<P2PException>(async () => await far.ReadToEndAsync())).Error);
        Assert.False(pair.Near.Closed.IsCompleted);
    }

    [Fact]
    public async Task Write_OtherStreamStalled_IsNotHeldUp()
    {
        await using var pair = YamuxPair.Start();
        var (stalled, _) = await pair.OpenAsync(StreamClass.Bulk);
        var stuck = stalled.WriteAsync(new byte[8_000_000]).AsTask();
        var (near, far) = await pair.OpenAsync(StreamClass.Decode);

        await near.WriteAsync(new byte[] { 7 }).Within("a write beside a stalled stream");
        var read = new byte[1];
        await far.ReadExactlyAsync(read).Within("its arrival");

        Assert.Equal(7, read[0]);
        Assert.False(stuck.IsCompleted);
    }

    [Fact]
    public async Task Buffers_OverTheSessionsBound_ResetTheStream()
    {
        await using var pair = YamuxPair.Start(new YamuxOptions { MaxBuffered = 300_000 });
        var (first, firstFar) = await pair.OpenAsync();
        var (second, _) = await pair.OpenAsync();
        await first.WriteAsync(new byte[200_000]);
        var write = second.WriteAsync(new byte[200_000]).AsTask();
        var read = second.ReadAsync(new byte[1]).AsTask();

        Assert.Equal(P2PError.StreamReset, (await Assert.ThrowsAsync<P2PException>(() => read.Within("the reset"))).Error);
        await firstFar.ReadExactlyAsync(new byte[200_000]).Within("the other stream's bytes");
        await Task.WhenAny(write).Within("the write's end");
    }

    [Fact]
    public async Task OpenStream_OverTheBacklog_WaitsForAcknowledgement()
    {
        await using var peer = new ScriptedPeer(new YamuxOptions { AckBacklog = 1 });
        var first = await peer.Session.OpenStreamAsync(StreamClass.Control, None);
        await first.WriteAsync(new byte[1]);
        var second = peer.Session.OpenStreamAsync(StreamClass.Control, None).AsTask();
        await peer.ReadAsync();
        Assert.False(second.IsCompleted);

        await peer.SendAsync(YamuxFrameType.WindowUpdate, YamuxFlags.Ack, 1, 0);

        Assert.Equal(3u, (await second.Within("the second stream")).Id);
    }

    [Fact]
    public async Task OpenStream_Bulk_AnnouncesTheLargerWindow()
    {
        await using var peer = new ScriptedPeer();
        await peer.Session.OpenStreamAsync(StreamClass.Bulk, None);

        Assert.Equal(new YamuxHeader(YamuxFrameType.WindowUpdate, YamuxFlags.Syn, 1, 768 * 1024), (await peer.ReadAsync())?.Header);
    }

    [Fact]
    public async Task Priority_DecodeAgainstWaitingBulk_GoesFirst()
    {
        // The wire stands still, so that writes pile up; then the order in which they leave is read.
        var gate = new GatedStream();
        var (near, _) = YamuxPair.Channels(gate, Stream.Null);
        var session = new YamuxConnection(near, initiator: true, new YamuxOptions(), TimeProvider.System, _ => { });
        session.Start();
        await gate.FirstWrite.Within("the first ping");
        var bulk = await session.OpenStreamAsync(StreamClass.Bulk, None);
        var decode = await session.OpenStreamAsync(StreamClass.Decode, None);
        var control = await session.OpenStreamAsync(StreamClass.Control, None);
        var writes = new[] { bulk.WriteAsync(new byte[60_000]).AsTask(), decode.WriteAsync(new byte[8_000]).AsTask(), control.WriteAsync(new byte[100]).AsTask() };

        gate.Open();
        await Task.WhenAll(writes).Within("the writes");
        var frames = gate.Frames();

        Assert.Equal([control.Id, decode.Id, bulk.Id], frames.Where(frame => frame.Type == YamuxFrameType.Data).Select(frame => frame.StreamId).Distinct());
        Assert.All(frames.Where(frame => frame.StreamId == bulk.Id && frame.Type == YamuxFrameType.Data), frame => Assert.InRange(frame.Length, 1u, 16_384u));
        gate.Close();
        await session.DisposeAsync().Within("closing");
    }
}
