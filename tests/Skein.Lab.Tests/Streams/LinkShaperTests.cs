using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Skein.Core.Units;
using Skein.Lab.Links;
using Skein.Lab.Streams;
using Skein.Lab.Units;

namespace Skein.Lab.Tests.Streams;

public sealed class LinkShaperTests
{
    private const long Millisecond = 1_000_000;

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Send_DelayOnly_ArrivesAfterTheDelay()
    {
        var shaper = new LinkShaper(LinkSettings.Of(TimeSpan.FromMilliseconds(80), BitRate.Unlimited), _time);

        Assert.Equal(40 * Millisecond, shaper.Send(16_384));
        _time.Advance(TimeSpan.FromMilliseconds(7));
        Assert.Equal(47 * Millisecond, shaper.Send(16_384));
    }

    [Fact]
    public void Send_RateOnly_QueuesBehindWhatWasSentBefore()
    {
        var shaper = new LinkShaper(new LinkSettings { Rate = BitRate.Megabits(20) }, _time);

        // 2,500 bytes are a millisecond at 20 Mbit/s.
        Assert.Equal([1 * Millisecond, 2 * Millisecond, 3 * Millisecond], [shaper.Send(2_500), shaper.Send(2_500), shaper.Send(2_500)]);
        _time.Advance(TimeSpan.FromMilliseconds(10));
        Assert.Equal(11 * Millisecond, shaper.Send(2_500));
    }

    [Fact]
    public void WaitForRoom_FullBuffer_IsTheTimeUntilItsFirstByteHasRoom()
    {
        var shaper = new LinkShaper(new LinkSettings { Rate = BitRate.Megabits(20), Queue = new ByteSize(5_000) }, _time);

        shaper.Send(5_000);
        Assert.Equal(0, shaper.WaitForRoom());
        shaper.Send(2_500);
        Assert.Equal(Millisecond, shaper.WaitForRoom());
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(0, shaper.WaitForRoom());
    }

    [Fact]
    public void Send_Loss_DelaysTheShareByOneToThreeRoundTrips()
    {
        var shaper = new LinkShaper(new LinkSettings { Delay = TimeSpan.FromMilliseconds(20), Loss = 0.02 }, _time);
        var late = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var extra = shaper.Send(1_400) - (20 * Millisecond);
            Assert.True(extra == 0 || extra is >= 40 * Millisecond and <= 120 * Millisecond, $"extra delay of {extra} ns");
            late += extra > 0 ? 1 : 0;
        }

        Assert.InRange(late, 340, 460);
    }

    [Fact]
    public void Send_AnyWrites_NeverExceedTheRate() =>
        Gen.Select(Gen.Double[0.1, 500], Gen.Int[1, 20_000].Array[1, 200]).Sample((megabits, sizes) =>
        {
            var shaper = new LinkShaper(new LinkSettings { Rate = BitRate.Megabits(megabits) }, _time);
            var start = shaper.Now;
            var last = 0L;
            foreach (var size in sizes)
            {
                last = shaper.Send(size);
            }

            var fastest = sizes.Sum(size => (long)size) * 8 / (BitRate.Megabits(megabits).BitsPerSecond / 1e9);

            // Each write rounds down by less than a nanosecond.
            return last - start >= fastest - sizes.Length - 1;
        });

    [Fact]
    public void Constructor_BadShape_NamesEveryFault()
    {
        var settings = new LinkSettings
        {
            Delay = TimeSpan.FromMinutes(1),
            Jitter = TimeSpan.FromMinutes(2),
            Rate = new BitRate(5),
            Loss = double.NaN,
            LossBurst = 0,
            Queue = default(ByteSize),
        };

        var error = Assert.Throws<ArgumentException>(() => new LinkShaper(settings, _time));

        Assert.All(["delay", "jitter", "rate", "loss", "burst", "queue"], word => Assert.Contains(word + ":", error.Message, StringComparison.Ordinal));
    }
}
