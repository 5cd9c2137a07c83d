using Skein.Core.Units;
using Skein.Lab.Links;
using Skein.Lab.Units;

namespace Skein.Lab.Tests.Links;

public sealed class LinkChangeTests
{
    private static readonly LinkSettings Before = new()
    {
        Delay = TimeSpan.FromMilliseconds(20),
        Jitter = TimeSpan.FromMilliseconds(6),
        Rate = BitRate.Megabits(20),
        Loss = 0.01,
        LossBurst = 2,
        Queue = ByteSize.KiB(64),
    };

    [Fact]
    public void Apply_NothingSaid_ChangesNothing()
    {
        Assert.True(new LinkChange().IsEmpty);
        Assert.Equal(Before, new LinkChange().Apply(Before));
    }

    [Fact]
    public void Apply_RoundTripAndJitter_GiveEachDirectionHalf()
    {
        var after = new LinkChange(TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(10)).Apply(Before);

        Assert.Equal(Before with { Delay = TimeSpan.FromMilliseconds(50), Jitter = TimeSpan.FromMilliseconds(5) }, after);
    }

    [Fact]
    public void Apply_ShorterThanTheJitter_ShrinksIt()
    {
        var after = new LinkChange(TimeSpan.FromMilliseconds(4)).Apply(Before);

        Assert.Equal((2, 2), (after.Delay.TotalMilliseconds, after.Jitter.TotalMilliseconds));
        Assert.Empty(after.Faults());
    }

    [Fact]
    public void Apply_JitterThatDoesNotFit_IsKeptForTheFault() =>
        Assert.Contains("jitter", Assert.Single(new LinkChange(Jitter: TimeSpan.FromMilliseconds(80)).Apply(Before).Faults()), StringComparison.Ordinal);

    [Fact]
    public void Apply_Everything_IsTaken()
    {
        var after = new LinkChange(TimeSpan.Zero, TimeSpan.Zero, BitRate.Unlimited, ByteSize.MiB(1), 0.5, 10).Apply(Before);

        Assert.Equal(new LinkSettings { Queue = ByteSize.MiB(1), Loss = 0.5, LossBurst = 10 }, after);
    }
}
