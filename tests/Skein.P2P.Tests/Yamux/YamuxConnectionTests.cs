using System.Security.Cryptography;
using Microsoft.Extensions.Time.Testing;
using Skein.P2P.Errors;
using Skein.P2P.Yamux;

namespace Skein.P2P.Tests.Yamux;

public sealed class YamuxConnectionTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Theory]
    [InlineData(0, StreamClass.Control)]
    [InlineData(1, StreamClass.Decode)]
    [InlineData(65_519, StreamClass.Decode)]
    [InlineData(300_000, StreamClass.Decode)]
    [InlineData(5_000_000, StreamClass.Bulk)]
    public async Task Echo_AnyLength_ComesBackWhole(int length, StreamClass streamClass)
    {
        await using var pair = YamuxPair.Start();
        var (near, far) = await pair.OpenAsync(streamClass);
        var echo = EchoAsync(far);
        var sent = RandomNumberGenerator.GetBytes(length);

        var write = WriteAndCloseAsync(near, sent);
        var read = await ReadToEndAsync(near);
        await write.Within("writing");
        await echo.Within("the echo's end");

        Assert.Equal(sent, read);
    }

    [Fact]
    public async Task Streams_AThousandAtOnce_AllEcho()
    {
        await using var pair = YamuxPair.Start(new YamuxOptions { MaxInboundStreams = 1000 });
        var server = Task.Run(async () =>
        {
            var echoes = new List<Task>();
            for (var i = 0; i < 1000; i++)
            {
                echoes.Add(EchoAsync(await pair.AcceptAsync()));
            }

            await Task.WhenAll(echoes);
        });

        var clients = Enumerable.Range(0, 1000).Select(async i =>
        {
            var stream = await pair.Near.OpenStreamAsync(StreamClass.Control, None);
            var text = BitConverter.GetBytes(i);
            await WriteAndCloseAsync(stream, text);
            Assert.Equal(text, await ReadToEndAsync(stream));
        });
        await Task.WhenAll(clients).Within("a thousand echoes");
        await server.Within("the server");

        await Waiting.Until(() => pair.Near.StreamCount == 0 && pair.Far.StreamCount == 0, "the streams' removal");
    }

    [Fact]
    public async Task CloseWrite_OneSide_LeavesTheOtherDirectionOpen()
    {
        await using var pair = YamuxPair.Start();
        var (near, far) = await pair.OpenAsync();

        await near.CloseWriteAsync();
        Assert.Equal(0, await far.ReadAsync(new byte[1]).Within("the end"));
        await far.WriteAsync(new byte[] { 1, 2, 3 });
        var read = new byte[3];
        await near.ReadExactlyAsync(read).Within("bytes after the half-close");
        Assert.Equal([1, 2, 3], read);
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await near.WriteAsync(new byte[1]));
        await far.CloseWriteAsync();

        Assert.Equal(0, await near.ReadAsync(read).Within("the end"));
        await Waiting.Until(() => pair.Near.StreamCount == 0 && pair.Far.StreamCount == 0, "the stream's removal");
    }

    [Fact]
    public async Task Reset_WithReadAndWriteWaiting_FailsBothOnBothSides()
    {
        await using var pair = YamuxPair.Start();
        var (near, far) = await pair.OpenAsync();
        var reading = near.ReadAsync(new byte[1]).AsTask();
        var writing = far.WriteAsync(new byte[1_000_000]).AsTask();
        var nearWriting = near.WriteAsync(new byte[1_000_000]).AsTask();
        await reading.Within("the first byte");
        await near.ReadExactlyAsync(new byte[200_000]).Within("what was sent");

        near.Reset();

        Assert.Equal(P2PError.StreamReset, (await Assert.ThrowsAsync<P2PException>(() => nearWriting.Within("the write here"))).Error);
        Assert.Equal(P2PError.StreamReset, (await Assert.ThrowsAsync<P2PException>(() => writing.Within("the write there"))).Error);
        Assert.Equal(P2PError.StreamReset, (await Assert.ThrowsAsync<P2PException>(() => near.ReadExactlyAsync(new byte[1]).Within("another read"))).Error);
        await Waiting.Until(() => pair.Near.StreamCount == 0 && pair.Far.StreamCount == 0, "the stream's removal");
    }

    [Fact]
    public async Task Dispose_Unfinished_ResetsTheOtherSide()
    {
        await using var pair = YamuxPair.Start();
        var (near, far) = await pair.OpenAsync();

        near.Dispose();

        Assert.Equal(P2PError.StreamReset, (await Assert.ThrowsAsync<P2PException>(() => far.ReadAsync(new byte[1]).Within("the reset"))).Error);
    }

    [Fact]
    public async Task Dispose_AfterCloseWrite_LetsTheOtherSideReadAll()
    {
        await using var pair = YamuxPair.Start();
        var (near, far) = await pair.OpenAsync();
        await near.WriteAsync(new byte[100_000]);
        await near.CloseWriteAsync();
        near.Dispose();

        Assert.Equal(100_000, (await ReadToEndAsync(far)).Length);
        Assert.Equal(1, pair.Near.StreamCount);
        await far.CloseWriteAsync();
        await Waiting.Until(() => pair.Near.StreamCount == 0, "the stream's removal");
    }

    [Fact]
    public async Task Dispose_OtherSideNeverFinishes_ResetsAfterTheBound()
    {
        var time = new FakeTimeProvider();
        await using var pair = YamuxPair.Start(time: time);
        var (near, far) = await pair.OpenAsync();
        await near.CloseWriteAsync();
        near.Dispose();
        Assert.Equal(0, await far.ReadAsync(new byte[1]).Within("the end"));

        // Pings on their way must not run out of virtual time.
        await pair.SettleAsync();
        time.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal(1, pair.Near.StreamCount);
        await pair.SettleAsync();
        time.Advance(TimeSpan.FromSeconds(1));

        await Waiting.Until(() => pair.Near.StreamCount == 0 && pair.Far.StreamCount == 0, "the reset");
    }

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
        Assert.Equal(P2PError.StreamReset, (await Assert.ThrowsAsync<P2PException>(async () => await ReadToEndAsync(far))).Error);
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
    public async Task Write_Cancelled_EndsAndLeavesTheSessionAlive()
    {
        await using var pair = YamuxPair.Start();
        var (near, far) = await pair.OpenAsync();
        using var cancel = new CancellationTokenSource();
        var write = near.WriteAsync(new byte[1_000_000], cancel.Token).AsTask();

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write.Within("the cancellation"));
        near.Reset();
        var (other, otherFar) = await pair.OpenAsync();
        await other.WriteAsync(new byte[] { 1 });
        await otherFar.ReadExactlyAsync(new byte[1]).Within("another stream");
        far.Dispose();
    }

    [Fact]
    public async Task Read_Cancelled_CanBeRepeated()
    {
        await using var pair = YamuxPair.Start();
        var (near, far) = await pair.OpenAsync();
        using var cancel = new CancellationTokenSource();
        var read = far.ReadAsync(new byte[1], cancel.Token).AsTask();

        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read.Within("the cancellation"));
        await near.WriteAsync(new byte[] { 9 });
        var buffer = new byte[1];

        Assert.Equal(1, await far.ReadAsync(buffer).Within("the byte"));
        Assert.Equal(9, buffer[0]);
    }

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
    public async Task OpenStream_Bulk_AnnouncesTheLargerWindow()
    {
        await using var peer = new ScriptedPeer();
        await peer.Session.OpenStreamAsync(StreamClass.Bulk, None);

        Assert.Equal(new YamuxHeader(YamuxFrameType.WindowUpdate, YamuxFlags.Syn, 1, 768 * 1024), (await peer.ReadAsync())?.Header);
    }

    [Fact]
    public async Task Data_WithSynAndFin_OpensDeliversAndEnds()
    {
        var accepted = new TaskCompletionSource<YamuxStream>();
        await using var peer = new ScriptedPeer(onStream: stream => accepted.TrySetResult(stream));
        await peer.SendAsync(YamuxFrameType.Data, YamuxFlags.Syn | YamuxFlags.Fin, 2, 2, [5, 6]);
        var stream = await accepted.Task.Within("the stream");

        Assert.Equal([5, 6], await ReadToEndAsync(stream));
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

    [Theory]
    [InlineData("010000000000000100000000")] // another version
    [InlineData("000900000000000100000000")] // no such type
    [InlineData("000000010000000100000000")] // opens a stream with our number
    [InlineData("000000000000000801000001")] // skips more than any window
    public async Task Frame_ThatBreaksTheProtocol_EndsTheSession(string hex)
    {
        await using var peer = new ScriptedPeer();
        await peer.SendRawAsync(Convert.FromHexString(hex));

        Assert.Equal(P2PError.ProtocolViolation, (await peer.FaultAsync()).Error);
        Assert.Equal(new YamuxHeader(YamuxFrameType.GoAway, YamuxFlags.None, 0, 1), (await peer.ReadAsync())?.Header);
    }

    [Fact]
    public async Task Data_OverTheWindow_EndsTheSession()
    {
        await using var peer = new ScriptedPeer();
        await peer.SendAsync(YamuxFrameType.Data, YamuxFlags.Syn, 2, YamuxOptions.InitialWindow, new byte[YamuxOptions.InitialWindow]);
        await peer.SendAsync(YamuxFrameType.Data, YamuxFlags.None, 2, 1, [1]);

        Assert.Equal(P2PError.ProtocolViolation, (await peer.FaultAsync()).Error);
    }

    [Fact]
    public async Task Window_GrownOver4GiB_EndsTheSession()
    {
        await using var peer = new ScriptedPeer();
        await peer.SendAsync(YamuxFrameType.WindowUpdate, YamuxFlags.Syn, 2, uint.MaxValue);

        Assert.Equal(P2PError.ProtocolViolation, (await peer.FaultAsync()).Error);
    }

    [Fact]
    public async Task Stream_OpenedTwice_EndsTheSession()
    {
        await using var peer = new ScriptedPeer();
        await peer.SendAsync(YamuxFrameType.WindowUpdate, YamuxFlags.Syn, 2, 0);
        await peer.SendAsync(YamuxFrameType.WindowUpdate, YamuxFlags.Syn, 2, 0);

        Assert.Equal(P2PError.ProtocolViolation, (await peer.FaultAsync()).Error);
    }

    [Fact]
    public async Task Streams_OverTheLimit_AreReset()
    {
        await using var peer = new ScriptedPeer(new YamuxOptions { MaxInboundStreams = 2 });
        for (uint id = 2; id <= 6; id += 2)
        {
            await peer.SendAsync(YamuxFrameType.WindowUpdate, YamuxFlags.Syn, id, 0);
        }

        var answers = new List<YamuxHeader>();
        for (var i = 0; i < 3; i++)
        {
            answers.Add((await peer.ReadAsync())!.Value.Header);
        }

        Assert.Contains(new YamuxHeader(YamuxFrameType.WindowUpdate, YamuxFlags.Rst, 6, 0), answers);
        Assert.Equal(2, answers.Count(answer => answer.Flags == YamuxFlags.Ack));
        Assert.Equal(2, peer.Session.StreamCount);
    }

    [Fact]
    public async Task PingFlood_ByAPeerThatDoesNotRead_EndsTheSession()
    {
        await using var peer = new ScriptedPeer(new YamuxOptions { MaxQueuedControl = 64 });
        var frames = new byte[YamuxHeader.Size * 4096];
        for (var i = 0; i < 4096; i++)
        {
            new YamuxHeader(YamuxFrameType.Ping, YamuxFlags.Syn, 0, (uint)i).Write(frames.AsSpan(i * YamuxHeader.Size));
        }

        var flood = Task.Run(async () =>
        {
            for (var i = 0; i < 100 && await peer.TrySendRawAsync(frames); i++)
            {
            }
        });

        Assert.Equal(P2PError.ProtocolViolation, (await peer.FaultAsync()).Error);
        await flood.Within("the flood's end");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task RapidResets_ByAPeerThatDoesNotRead_EndTheSession(bool byThem)
    {
        var accepted = 0;
        await using var peer = new ScriptedPeer(new YamuxOptions { MaxInboundStreams = 16, MaxQueuedControl = 64 }, onStream: stream =>
        {
            accepted++;
            if (!byThem)
            {
                stream.Reset();
            }
        });
        var frames = new byte[YamuxHeader.Size * 8192];
        uint id = 0;
        var flood = Task.Run(async () =>
        {
            do
            {
                for (var at = 0; at < frames.Length; at += 2 * YamuxHeader.Size)
                {
                    id += 2;
                    new YamuxHeader(YamuxFrameType.WindowUpdate, YamuxFlags.Syn, id, 0).Write(frames.AsSpan(at));
                    new YamuxHeader(YamuxFrameType.WindowUpdate, byThem ? YamuxFlags.Rst : YamuxFlags.None, id, 0).Write(frames.AsSpan(at + YamuxHeader.Size));
                }

            }
            while (id < 500_000 && await peer.TrySendRawAsync(frames));
        });

        Assert.Equal(P2PError.ProtocolViolation, (await peer.FaultAsync()).Error);
        await flood.Within("the flood's end");

        // What the wire took, and no more than the limits beside it.
        Assert.InRange(accepted, 16, 100_000);
    }

    [Fact]
    public async Task StreamsReset_ByAPeerThatReads_MakeRoomForMore()
    {
        await using var peer = new ScriptedPeer(new YamuxOptions { MaxInboundStreams = 2 }, onStream: stream => stream.Reset());
        for (uint id = 2; id <= 40; id += 2)
        {
            await peer.SendAsync(YamuxFrameType.WindowUpdate, YamuxFlags.Syn, id, 0);
            Assert.Equal(new YamuxHeader(YamuxFrameType.WindowUpdate, YamuxFlags.Rst, id, 0), (await peer.ReadAsync())!.Value.Header);
        }

        Assert.Equal(0, peer.Session.StreamCount);
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

    [Fact]
    public async Task ManyWriters_RandomSizesClassesAndReaders_LoseNothing()
    {
        await using var pair = YamuxPair.Start();
        var tasks = new List<Task>();
        for (var i = 0; i < 30; i++)
        {
            var (near, far) = await pair.OpenAsync((StreamClass)(i % 3));
            tasks.Add(PumpAsync(near, far, new Random(i)));
            tasks.Add(PumpAsync(far, near, new Random(1000 + i)));
        }

        await Task.WhenAll(tasks).Within("all transfers");
        await Waiting.Until(() => pair.Near.StreamCount == 0 && pair.Far.StreamCount == 0, "the streams' removal");

        static async Task PumpAsync(YamuxStream from, YamuxStream to, Random random)
        {
            var data = new byte[random.Next(400_000)];
            random.NextBytes(data);
            var write = Task.Run(async () =>
            {
                for (var at = 0; at < data.Length;)
                {
                    var count = Math.Min(data.Length - at, random.Next(1, 50_000));
                    await from.WriteAsync(data.AsMemory(at, count));
                    at += count;
                }

                await from.CloseWriteAsync();
            });
            Assert.Equal(data, await ReadToEndAsync(to));
            await write;
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Frames_AtRandom_NeverBreakMoreThanTheirSession(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 50; round++)
        {
            var accepted = 0;
            await using var peer = new ScriptedPeer(new YamuxOptions { MaxInboundStreams = 8, MaxBuffered = 100_000 }, onStream: stream =>
            {
                accepted++;
                _ = Observe(YamuxConnectionTests.EchoAsync(stream));
            });
            var own = await peer.Session.OpenStreamAsync((StreamClass)random.Next(3), None);
            _ = Observe(own.WriteAsync(new byte[random.Next(1, 500_000)]).AsTask());
            try
            {
                for (var i = 0; i < 60; i++)
                {
                    await peer.SendRawAsync(RandomFrame(random));
                }
            }
            catch (IOException)
            {
                // The session had enough.
            }

            if (peer.Session.Closed.IsCompleted)
            {
                var fault = await peer.Session.Closed;
                Assert.True(fault is null or { Error: P2PError.ProtocolViolation or P2PError.ConnectionClosed }, $"seed {seed}, round {round}: {fault}");
            }

            Assert.InRange(peer.Session.StreamCount, 0, 9);
            Assert.InRange(accepted, 0, 60);
        }

        static async Task Observe(Task task)
        {
            try
            {
                await task;
            }
            catch (Exception fault) when (fault is P2PException or InvalidOperationException)
            {
                // What a stream of a hostile peer may come to.
            }
        }
    }

    internal static async Task EchoAsync(Stream stream)
    {
        var buffer = new byte[65536];
        while (await stream.ReadAsync(buffer) is var count and > 0)
        {
            await stream.WriteAsync(buffer.AsMemory(0, count));
        }

        await ((YamuxStream)stream).CloseWriteAsync();
    }

    internal static async Task<byte[]> ReadToEndAsync(Stream stream)
    {
        using var all = new MemoryStream();
        await stream.CopyToAsync(all).Within("the stream's end");
        return all.ToArray();
    }

    // Mostly sensible, so that it gets past the first check.
    private static byte[] RandomFrame(Random random)
    {
        var type = random.Next(20) == 0 ? (YamuxFrameType)random.Next(256) : (YamuxFrameType)random.Next(2);
        var flags = random.Next(20) == 0 ? (YamuxFlags)random.Next(65536) : (YamuxFlags)(1 << random.Next(6)) & (YamuxFlags)15;
        var length = type == YamuxFrameType.Data ? random.Next(3000) : random.Next(300_000);
        var frame = new byte[YamuxHeader.Size + (type == YamuxFrameType.Data ? length : 0)];
        new YamuxHeader(type, flags, (uint)random.Next(0, 24), (uint)length).Write(frame);
        return frame;
    }

    private static async Task WriteAndCloseAsync(YamuxStream stream, byte[] bytes)
    {
        await stream.WriteAsync(bytes);
        await stream.CloseWriteAsync();
    }
}
