using CsCheck;
using Skein.P2P.Yamux;

namespace Skein.P2P.Tests.Yamux;

/// <summary>Pacing on a line that is played in virtual time.</summary>
public sealed class BulkPacerTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(15);

    // From a poor uplink to a good one.
    private static readonly double[] Megabits = [2, 5, 20, 100, 500];

    // From next door to the other side of the world.
    private static readonly int[] RoundTripsMs = [4, 15, 40, 90, 200, 300];

    public static TheoryData<double, int> Lines() => Pairs(Megabits, RoundTripsMs);

    public static TheoryData<double, double> RateChanges() => Pairs<double, double>([20, 50, 100], [0.2, 0.5, 0.8, 2, 5]);

    public static TheoryData<int, int> WayChanges() => Pairs(RoundTripsMs, RoundTripsMs);

    [Theory]
    [MemberData(nameof(Lines))]
    public void Allow_AnyLine_UsesMostOfItAndLeavesItsQueueShort(double megabits, int roundTripMs)
    {
        var line = new PacedLine(megabits, roundTripMs);
        line.Run(Settling.TotalSeconds);
        var share = line.Run(20)[0];

        Assert.InRange(share, 0.7, 1);
        AssertShortQueue(line);
    }

    [Theory]
    [MemberData(nameof(RateChanges))]
    public void Allow_LineBecomesSlowerOrFaster_Follows(double megabits, double change)
    {
        foreach (var roundTripMs in RoundTripsMs)
        {
            var line = new PacedLine(megabits, roundTripMs);
            line.Run(Settling.TotalSeconds);
            line.Megabits *= change;
            line.Run(2 * Settling.TotalSeconds);
            var share = line.Run(20)[0];

            Assert.True(share is > 0.65 and <= 1, $"{Describe(line)}: {share:0.00} of the line");
            AssertShortQueue(line);
        }
    }

    [Theory]
    [MemberData(nameof(WayChanges))]
    public void Allow_WayBecomesLongerOrShorter_Follows(int beforeMs, int afterMs)
    {
        foreach (var megabits in new double[] { 2, 20, 100 })
        {
            var line = new PacedLine(megabits, beforeMs);
            line.Run(Settling.TotalSeconds);
            line.RoundTrip = TimeSpan.FromMilliseconds(afterMs);
            line.Run(2 * Settling.TotalSeconds);
            var share = line.Run(20)[0];

            Assert.True(share is > 0.65 and <= 1, $"{Describe(line)}: {share:0.00} of the line");
            AssertShortQueue(line);
        }
    }

    [Theory]
    [InlineData(20, 40, 0.0005, 0, 0.7)]
    [InlineData(20, 40, 0.002, 0, 0.6)]
    [InlineData(20, 40, 0, 6, 0.7)]
    [InlineData(20, 40, 0.0005, 6, 0.65)]
    [InlineData(100, 10, 0.0005, 6, 0.65)]
    public void Allow_LossAndLateThreads_AreNotTakenForAQueue(double megabits, int roundTripMs, double loss, int noiseMs, double least)
    {
        var line = new PacedLine(megabits, roundTripMs) { Loss = loss, Noise = TimeSpan.FromMilliseconds(noiseMs) };
        line.Run(Settling.TotalSeconds);
        var share = line.Run(60)[0];
        output.WriteLine($"{share:0.00} of the line; its queue {line.QueueAt(0.5).TotalMilliseconds:0.0} ms, for a tenth of the time {line.QueueAt(0.9).TotalMilliseconds:0.0} ms");

        Assert.InRange(share, least, 1);
        AssertShortQueue(line);
    }

    [Theory]
    [MemberData(nameof(Lines))]
    public void Allow_TwoConnectionsOneLater_ShareTheLine(double megabits, int roundTripMs)
    {
        var line = new PacedLine(megabits, roundTripMs, senders: 2);
        line.Run(Settling.TotalSeconds, sender => sender == 0);
        line.Run(60);
        var shares = line.Run(60);
        output.WriteLine($"{shares[0]:0.00} and {shares[1]:0.00} of the line");

        Assert.InRange(shares.Sum(), 0.7, 1);

        // On the poorest line two segments are a queue already.
        Assert.True(shares.Min() > (megabits > 2 ? 0.2 : 0.1), $"{shares[0]:0.00} and {shares[1]:0.00} of the line");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Allow_PeerAnswersNoMarkersOrLate_IsSentTheLeastRateAllTheSame(bool late)
    {
        var line = new PacedLine(100, 40) { Answers = late };
        line.Run(10);
        if (late)
        {
            // Each later than the one before, as one who wants to starve the sender would do.
            for (var i = 0; i < 200; i++)
            {
                line.RoundTrip += TimeSpan.FromMilliseconds(20);
                line.Run(0.2);
            }
        }

        var share = line.Run(30)[0];

        Assert.True(line.LongestGap <= BulkPacer.LongestWait + TimeSpan.FromMilliseconds(2), $"nothing was sent for {line.LongestGap.TotalMilliseconds} ms");
        Assert.True(share * line.Megabits * 1e6 / 8 >= 0.9 * BulkPacer.LeastRate, $"{share:0.000} of the line");
    }

    [Fact]
    public void Allow_OthersKeepTheLineFull_IsNotStarved()
    {
        var line = new PacedLine(20, 40);
        line.Run(Settling.TotalSeconds);
        line.OthersQueue = TimeSpan.FromMilliseconds(100);
        line.Run(Settling.TotalSeconds);
        var share = line.Run(30)[0];

        Assert.True(share > 0.3, $"{share:0.00} of the line");
    }

    [Fact]
    public void Allow_NoDecodeMessages_IsUnlimited()
    {
        var pacer = new BulkPacer();
        for (var ms = 0; ms < 100; ms++)
        {
            Assert.Equal(int.MaxValue, pacer.Allow(TimeSpan.FromMilliseconds(ms), urgent: false));
            pacer.OnSent(TimeSpan.FromMilliseconds(ms), 1024 * 1024);
        }
    }

    [Fact]
    public void Allow_DecodeBeginsWhileBulkHasFilledTheLine_TheQueueEmptiesWithinASecond()
    {
        var line = new PacedLine(20, 40) { Urgent = false };
        line.Run(5);
        Assert.True(line.QueueAt(0.5) > TimeSpan.FromMilliseconds(80), "bulk alone should fill the line");

        line.Urgent = true;
        line.Run(1);
        var share = line.Run(10)[0];

        Assert.InRange(share, 0.7, 1);
        AssertShortQueue(line);
    }

    [Fact]
    public void Allow_SenderPausesNowAndThen_KeepsItsRate()
    {
        var line = new PacedLine(20, 40);
        line.Run(Settling.TotalSeconds);
        for (var i = 0; i < 20; i++)
        {
            line.Run(0.5);
            line.Run(0.5, _ => false);
        }

        var share = line.Run(5)[0];

        Assert.InRange(share, 0.7, 1);
    }

    [Fact]
    public void OnMarkerReturned_UnknownOrTwice_ChangesNothing()
    {
        var pacer = new BulkPacer();
        var now = TimeSpan.FromMilliseconds(1);
        Assert.True(pacer.Allow(now, urgent: true) > 0);
        Assert.True(pacer.OnSent(now, BulkPacer.Segment));
        pacer.OnMarkerSent(now, 7);
        var rate = pacer.Rate;

        pacer.OnMarkerReturned(TimeSpan.FromMilliseconds(50), 8);
        pacer.OnMarkerReturned(TimeSpan.FromMilliseconds(60), 7);
        pacer.OnMarkerReturned(TimeSpan.FromMilliseconds(90), 7);

        Assert.Equal(rate, pacer.Rate);
    }

    /// <summary>Whatever the other side answers, and when: something is always allowed after the longest wait, and the rate stays a number.</summary>
    [Fact]
    public void Allow_AnyAnswers_NeverWaitsLong()
        => Gen.Select(Gen.Int[0, 3], Gen.UInt[0, 40], Gen.Int[0, 2000]).Array[0, 300].Sample(
            steps =>
            {
                var pacer = new BulkPacer();
                var now = TimeSpan.Zero;
                uint id = 0;
                foreach (var (kind, answer, ms) in steps)
                {
                    now += TimeSpan.FromMilliseconds(kind == 0 ? 0 : ms / 10.0);
                    if (kind == 0)
                    {
                        pacer.OnRoundTrip(now, TimeSpan.FromMilliseconds(ms));
                    }
                    else if (kind == 1)
                    {
                        pacer.OnMarkerReturned(now, answer);
                    }
                    else if (pacer.Allow(now, urgent: kind == 2) is > 0 and var allowed)
                    {
                        if (pacer.OnSent(now, Math.Min(allowed, 48 * 1024)))
                        {
                            pacer.OnMarkerSent(now, ++id);
                        }
                    }
                    else
                    {
                        Assert.InRange(pacer.Wait, TimeSpan.FromTicks(1), BulkPacer.LongestWait);
                        Assert.NotEqual(0, pacer.Allow(now + BulkPacer.LongestWait, urgent: true));
                        now += BulkPacer.LongestWait;
                    }
                }

                pacer.Allow(now, urgent: true);
                Assert.InRange(pacer.Rate, BulkPacer.LeastRate, 1e15);
            });

    private static TheoryData<T1, T2> Pairs<T1, T2>(IEnumerable<T1> ones, IReadOnlyCollection<T2> others)
    {
        var pairs = new TheoryData<T1, T2>();
        foreach (var one in ones)
        {
            foreach (var other in others)
            {
                pairs.Add(one, other);
            }
        }

        return pairs;
    }

    private static string Describe(PacedLine line) => $"{line.Megabits:0.0} Mbit/s, {line.RoundTrip.TotalMilliseconds} ms";

    // Empty for half of the time but for the segment being sent; at nine of ten moments no longer than what is tolerated and a few steps.
    private static void AssertShortQueue(PacedLine line)
    {
        var segment = TimeSpan.FromSeconds(2 * BulkPacer.Segment * 8 / (line.Megabits * 1e6));
        var tolerated = line.RoundTrip / 8 > BulkPacer.LeastQueue ? line.RoundTrip / 8 : BulkPacer.LeastQueue;
        Assert.True(line.QueueAt(0.5) <= tolerated + segment, $"{Describe(line)}: half of the time the queue is {line.QueueAt(0.5).TotalMilliseconds:0.0} ms or more");
        Assert.True(line.QueueAt(0.9) <= (3 * tolerated) + (2 * segment), $"{Describe(line)}: a tenth of the time the queue is {line.QueueAt(0.9).TotalMilliseconds:0.0} ms or more");
    }
}
