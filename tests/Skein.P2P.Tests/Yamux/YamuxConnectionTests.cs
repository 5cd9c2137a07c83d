using Microsoft.Extensions.Time.Testing;
using Skein.P2P.Errors;
using Skein.P2P.Yamux;

namespace Skein.P2P.Tests.Yamux;

/// <summary>The session itself: pings, its end, and its frames on the wire.</summary>
public sealed class YamuxConnectionTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task Ping_OverADelayedPath_MeasuresTheRoundTripInVirtualTime()
    {
        var time = new FakeTimeProvider();
        await using var pair = YamuxPair.Start(time: time, oneWay: TimeSpan.FromMilliseconds(40));
        var ping = pair.Near.PingAsync(None);

        while (!ping.IsCompleted)
        {
            time.Advance(TimeSpan.FromMilliseconds(1));
            await Task.Delay(1);
        }

        Assert.InRange((await ping).TotalMilliseconds, 80, 120);
        var near = pair.Near.DisposeAsync().AsTask();
        await Waiting.Until(() => { time.Advance(TimeSpan.FromMilliseconds(100)); return near.IsCompleted; }, "the end");
    }

    [Fact]
    public async Task Ping_NoAnswer_EndsTheSession()
    {
        var time = new FakeTimeProvider();
        await using var peer = new ScriptedPeer(time: time);
        await Waiting.Until(() => { time.Advance(TimeSpan.FromSeconds(1)); return peer.Session.Closed.IsCompleted; }, "the end of the session");

        Assert.Equal(P2PError.ConnectionClosed, (await peer.FaultAsync()).Error);
    }

    [Fact]
    public async Task End_ToldToMany_GivesEachAnExceptionOfItsOwn()
    {
        await using var pair = YamuxPair.Start();
        var stream = await pair.Near.OpenStreamAsync(StreamClass.Decode, None);
        var waiting = stream.ReadAsync(new byte[1]).AsTask();
        await pair.Near.DisposeAsync();

        var first = await Assert.ThrowsAsync<P2PException>(() => waiting.Within("the failed read"));
        for (var i = 0; i < 200; i++)
        {
            await Assert.ThrowsAsync<P2PException>(() => stream.ReadExactlyAsync(new byte[1]).AsTask());
        }

        // One that all shared would have grown by the stack of each.
        var last = await Assert.ThrowsAsync<P2PException>(() => stream.ReadExactlyAsync(new byte[1]).AsTask());
        Assert.Equal(first.Error, last.Error);
        Assert.InRange(last.StackTrace!.Length, 1, 4096);
    }

    [Fact]
    public async Task Ping_OfThePeer_IsEchoed()
    {
        await using var peer = new ScriptedPeer();

        await peer.SendAsync(YamuxFrameType.Ping, YamuxFlags.Syn, 0, 0xDEADBEEF);

        Assert.Equal(new YamuxHeader(YamuxFrameType.Ping, YamuxFlags.Ack, 0, 0xDEADBEEF), (await peer.ReadAsync())?.Header);
    }

    [Fact]
    public async Task OpenStream_FirstWrite_CarriesTheOpening()
    {
        await using var peer = new ScriptedPeer();
        var stream = await peer.Session.OpenStreamAsync(StreamClass.Decode, None);
        await stream.WriteAsync(new byte[] { 1, 2, 3 });

        var frame = await peer.ReadAsync();

        Assert.Equal(new YamuxHeader(YamuxFrameType.Data, YamuxFlags.Syn, 1, 3), frame?.Header);
        Assert.Equal([1, 2, 3], frame!.Value.Data);
    }

    [Fact]
    public async Task Data_WithSynAndFin_OpensDeliversAndEnds()
    {
        var accepted = new TaskCompletionSource<YamuxStream>();
        await using var peer = new ScriptedPeer(onStream: stream => accepted.TrySetResult(stream));
        await peer.SendAsync(YamuxFrameType.Data, YamuxFlags.Syn | YamuxFlags.Fin, 2, 2, [5, 6]);
        var stream = await accepted.Task.Within("the stream");

        Assert.Equal([5, 6], await stream.ReadToEndAsync());
        Assert.Equal(new YamuxHeader(YamuxFrameType.WindowUpdate, YamuxFlags.Ack, 2, 0), (await peer.ReadAsync())?.Header);
        await stream.CloseWriteAsync();
        Assert.Equal(new YamuxHeader(YamuxFrameType.WindowUpdate, YamuxFlags.Fin, 2, 0), (await peer.ReadAsync())?.Header);
    }

    [Fact]
    public async Task Data_ForStreamsThatAreGone_IsIgnored()
    {
        await using var peer = new ScriptedPeer();
        await peer.SendAsync(YamuxFrameType.Data, YamuxFlags.None, 8, 3, [1, 2, 3]);
        await peer.SendAsync(YamuxFrameType.WindowUpdate, YamuxFlags.Rst, 10, 0);
        await peer.SendAsync(YamuxFrameType.WindowUpdate, YamuxFlags.Fin, 12, 7);
        await peer.SendAsync(YamuxFrameType.Ping, YamuxFlags.Syn, 0, 1);

        Assert.Equal(YamuxFrameType.Ping, (await peer.ReadAsync())?.Header.Type);
    }

    [Fact]
    public async Task Close_InOrder_SaysSoAndFailsStreams()
    {
        await using var pair = YamuxPair.Start();
        var (near, far) = await pair.OpenAsync();
        var reading = far.ReadAsync(new byte[1]).AsTask();

        await pair.Near.CloseAsync(YamuxGoAway.Normal).Within("closing");

        Assert.Null(await pair.Near.Closed.Within("the near end"));
        Assert.Null(await pair.Far.Closed.Within("the far end"));
        Assert.Equal(P2PError.ConnectionClosed, (await Assert.ThrowsAsync<P2PException>(() => reading.Within("the read's end"))).Error);
        Assert.Equal(P2PError.ConnectionClosed, (await Assert.ThrowsAsync<P2PException>(async () => await pair.Near.OpenStreamAsync(StreamClass.Control, None))).Error);
        near.Dispose();
    }

    [Fact]
    public async Task GoAway_WithAnError_EndsTheSession()
    {
        await using var peer = new ScriptedPeer();
        await peer.SendAsync(YamuxFrameType.GoAway, YamuxFlags.None, 0, 2);

        Assert.Equal(P2PError.ConnectionClosed, (await peer.FaultAsync()).Error);
    }
}
