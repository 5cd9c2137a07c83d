using System.Security.Cryptography;
using Microsoft.Extensions.Time.Testing;
using Skein.P2P.Errors;
using Skein.P2P.Yamux;

namespace Skein.P2P.Tests.Yamux;

/// <summary>What one stream promises: bytes, ends, resets, cancellation.</summary>
public sealed class YamuxStreamTests
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
        var echo = far.EchoAsync();
        var sent = RandomNumberGenerator.GetBytes(length);

        var write = near.WriteAndCloseAsync(sent);
        var read = await near.ReadToEndAsync();
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
                echoes.Add((await pair.AcceptAsync()).EchoAsync());
            }

            await Task.WhenAll(echoes);
        });

        var clients = Enumerable.Range(0, 1000).Select(async i =>
        {
            var stream = await pair.Near.OpenStreamAsync(StreamClass.Control, None);
            var text = BitConverter.GetBytes(i);
            await stream.WriteAndCloseAsync(text);
            Assert.Equal(text, await stream.ReadToEndAsync());
        });
        await Task.WhenAll(clients).Within("a thousand echoes");
        await server.Within("the server");

        await Waiting.Until(() => pair.Near.StreamCount == 0 && pair.Far.StreamCount == 0, "the streams' removal");
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
            Assert.Equal(data, await to.ReadToEndAsync());
            await write;
        }
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

        Assert.Equal(100_000, (await far.ReadToEndAsync()).Length);
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
}
