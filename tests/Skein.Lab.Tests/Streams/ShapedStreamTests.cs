using System.IO.Pipelines;
using Microsoft.Extensions.Time.Testing;
using Skein.Core.Units;
using Skein.Lab.Links;
using Skein.Lab.Streams;
using Skein.Lab.Units;

namespace Skein.Lab.Tests.Streams;

public sealed class ShapedStreamTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly SteppingTime _time = new();

    [Fact]
    public async Task WriteAsync_DelayedLine_ArrivesWholeInOrderAndOnTime()
    {
        var (near, far) = Pair(LinkSettings.Of(TimeSpan.FromMilliseconds(80), BitRate.Megabits(20)));
        var sent = Pattern(50_000);
        await near.WriteAsync(sent);

        // 20 chunks of 2,500 bytes, a millisecond each, behind 40 ms of delay.
        var arrivals = await _time.CollectAsync(far, sent.Length);

        Assert.Equal(sent, arrivals.SelectMany(arrival => arrival.Bytes));
        Assert.Equal(Enumerable.Range(41, 20), arrivals.Select(arrival => (int)arrival.At.TotalMilliseconds));
        await near.DisposeAsync();
    }

    [Fact]
    public async Task WriteAsync_FullBuffer_WaitsForTheLine()
    {
        var (near, far) = Pair(new LinkSettings { Rate = BitRate.Megabits(20), Queue = new ByteSize(5_000) });
        var write = near.WriteAsync(Pattern(10_000)).AsTask();

        // Three chunks of 2,500 bytes go at once: the third finds the buffer exactly full.
        Assert.False(write.IsCompleted);
        var arrivals = await _time.CollectAsync(far, 10_000);

        await write.WaitAsync(Patience, TimeProvider.System);
        Assert.Equal([1, 2, 3, 4], arrivals.Select(arrival => (int)arrival.At.TotalMilliseconds));
        await near.DisposeAsync();
    }

    [Fact]
    public async Task WriteAsync_CancelledWhileWaiting_SendsNoMore()
    {
        var (near, far) = Pair(new LinkSettings { Rate = BitRate.Megabits(20), Queue = new ByteSize(5_000) });
        using var cancel = new CancellationTokenSource();
        var write = near.WriteAsync(Pattern(100_000), cancel.Token).AsTask();

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write.WaitAsync(Patience, TimeProvider.System));
        var arrivals = await _time.CollectAsync(far, 7_500);
        Assert.Equal(7_500, arrivals.Sum(arrival => arrival.Bytes.Length));
        await near.DisposeAsync();
    }

    [Fact]
    public async Task DisposeAsync_BytesUnderWay_ArriveBeforeTheEnd()
    {
        var (near, far) = Pair(LinkSettings.Of(TimeSpan.FromMilliseconds(80), BitRate.Unlimited));
        await near.WriteAsync(Pattern(1_000));

        var closing = near.DisposeAsync().AsTask();

        Assert.False(closing.IsCompleted);
        await _time.CollectAsync(far, 1_000);
        await closing.WaitAsync(Patience, TimeProvider.System);
        Assert.Equal(0, await far.ReadAsync(new byte[1]).AsTask().WaitAsync(Patience, TimeProvider.System));
    }

    [Fact]
    public async Task WriteAsync_InnerStreamBroken_SaysSo()
    {
        var near = new ShapedStream(new BrokenStream(), new LinkShaper(LinkSettings.Perfect, _time));
        await near.WriteAsync(Pattern(10));

        var error = await Assert.ThrowsAsync<IOException>(async () =>
        {
            // The failure belongs to a write that has already ended; it shows at one of the next.
            for (var i = 0; i < 1_000_000; i++)
            {
                await near.WriteAsync(Pattern(10));
                await Task.Yield();
            }
        });

        Assert.Contains("the wire is gone", error.Message, StringComparison.Ordinal);
        await near.DisposeAsync();
    }

    [Fact]
    public void Write_Synchronous_IsRefused()
    {
        using var near = new ShapedStream(new MemoryStream(), new LinkShaper(LinkSettings.Perfect, _time));

        Assert.Throws<NotSupportedException>(() => near.Write([1], 0, 1));
    }

    [Fact]
    public async Task TwoStreams_OneUplink_ShareItsRate()
    {
        var line = new LinkShaper(new LinkSettings { Rate = BitRate.Megabits(20) }, _time);
        var (first, second) = (new Pipe(), new Pipe());
        var one = new ShapedStream(new Wire(first.Writer.AsStream(), _time), line);
        var two = new ShapedStream(new Wire(second.Writer.AsStream(), _time), line);

        await one.WriteAsync(Pattern(2_500));
        await two.WriteAsync(Pattern(2_500));

        Assert.Equal(2_000_000, line.Send(0));
        await _time.UntilArrivedAsync(5_000);
        await one.DisposeAsync();
        await two.DisposeAsync();
    }

    private static byte[] Pattern(int size) => [.. Enumerable.Range(0, size).Select(i => (byte)(i * 31 / 7))];

    private (ShapedStream Near, Stream Far) Pair(LinkSettings settings)
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        return (new ShapedStream(new Wire(pipe.Writer.AsStream(), _time), new LinkShaper(settings, _time)), pipe.Reader.AsStream());
    }

    /// <summary>Virtual time that only moves when the stream under test waits for it.</summary>
    private sealed class SteppingTime : FakeTimeProvider
    {
        private readonly Lock _gate = new();
        private readonly List<DateTimeOffset> _due = [];
        private readonly SemaphoreSlim _event = new(0);
        private readonly DateTimeOffset _start;
        private readonly List<Arrival> _arrivals = [];

        public SteppingTime()
        {
            _start = GetUtcNow();
        }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            // Longer ones are the patience of a closing stream, not the line: time must not jump there.
            if (dueTime > TimeSpan.Zero && dueTime < TimeSpan.FromSeconds(1))
            {
                lock (_gate)
                {
                    _due.Add(GetUtcNow() + dueTime);
                }

                _event.Release();
            }

            return timer;
        }

        public void Arrived(byte[] bytes)
        {
            lock (_gate)
            {
                _arrivals.Add(new Arrival(bytes, GetUtcNow() - _start));
            }

            _event.Release();
        }

        /// <summary>Moves time from timer to timer until so many bytes have come through; then reads them.</summary>
        public async Task<IReadOnlyList<Arrival>> CollectAsync(Stream far, int bytes)
        {
            var arrivals = await UntilArrivedAsync(bytes);
            await far.ReadExactlyAsync(new byte[bytes]).AsTask().WaitAsync(Patience, TimeProvider.System);
            return arrivals;
        }

        public async Task<IReadOnlyList<Arrival>> UntilArrivedAsync(int bytes)
        {
            while (true)
            {
                TimeSpan step;
                lock (_gate)
                {
                    if (_arrivals.Sum(arrival => arrival.Bytes.Length) >= bytes)
                    {
                        return [.. _arrivals];
                    }

                    _due.RemoveAll(due => due <= GetUtcNow());
                    step = _due.Count == 0 ? TimeSpan.Zero : _due.Min() - GetUtcNow();
                }

                if (step > TimeSpan.Zero)
                {
                    Advance(step);
                }

                Assert.True(await _event.WaitAsync(Patience), "the stream neither waited for its line nor wrote to the inner stream");
            }
        }
    }

    private sealed record Arrival(byte[] Bytes, TimeSpan At);

    /// <summary>The inner stream: notes when what arrived.</summary>
    private sealed class Wire(Stream inner, SteppingTime time) : MemoryStream
    {
        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await inner.WriteAsync(buffer, cancellationToken);
            await inner.FlushAsync(cancellationToken);
            time.Arrived(buffer.ToArray());
        }

        public override async ValueTask DisposeAsync()
        {
            await inner.DisposeAsync();
            await base.DisposeAsync();
        }
    }

    private sealed class BrokenStream : MemoryStream
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            throw new IOException("the wire is gone");
    }
}
