using Skein.P2P.Errors;
using Skein.P2P.Yamux;

namespace Skein.P2P.Tests.Yamux;

/// <summary>A peer that breaks the protocol or asks for more than its share costs at most its session.</summary>
public sealed class YamuxHostilePeerTests
{
    private static readonly CancellationToken None = CancellationToken.None;

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
                _ = Observe(stream.EchoAsync());
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
}
