using Skein.Lab.Errors;
using Skein.Lab.Hosts;
using Skein.Lab.Links;
using Skein.Lab.Units;

namespace Skein.Lab.Tests.Hosts;

/// <summary>What programs inside measure is what was asked for.</summary>
[Collection("Laboratory")]
public sealed class LinkTests(ITestOutputHelper output)
{
    /// <summary>A packet of 1,500 bytes carries 1,448 of TCP payload.</summary>
    private const double PacketOverPayload = 1_500.0 / 1_448;

    [Fact]
    public async Task RoundTripAndRate_AskedFor_AreMeasuredWithinTenPercent()
    {
        await using var test = await TestLab.CreateAsync(new LabTopology
        {
            Hosts =
            [
                new LabHostSettings { Name = "near", Up = BitRate.Megabits(20), Down = BitRate.Megabits(50) },
                new LabHostSettings { Name = "far", Up = BitRate.Megabits(100) },
            ],
        });

        foreach (var asked in new[] { 10, 30, 100 })
        {
            test.Lab.SetLinks("near", "far", LinkSettings.Of(TimeSpan.FromMilliseconds(asked), BitRate.Unlimited));
            await ThreeTries.MeasureAsync(output, async () =>
            {
                var trips = await test.On("near").MeasureRoundTripsAsync(test.At("far"), asked > 50 ? 10 : 40, 200, TestLab.Cancelled);
                output.WriteLine($"asked {asked} ms: tenth part {Share(trips, 0.1)}, median {Share(trips, 0.5)}, worst {trips.Max()} ms");

                // The tenth part is the line's; what the median has more is the wait of four processes for a core of a busy machine.
                Assert.InRange(Share(trips, 0.1), asked, asked * 1.1);
                Assert.InRange(Share(trips, 0.5), asked, (asked * 1.1) + 1.5);
            });
        }

        test.Lab.SetLinks("near", "far", LinkSettings.Of(TimeSpan.FromMilliseconds(20), BitRate.Unlimited));
        foreach (var (from, to, asked) in new[] { ("near", "far", 20), ("far", "near", 50) })
        {
            await ThreeTries.MeasureAsync(output, async () =>
            {
                var (before, began) = (test.Lab.Load, TimeProvider.System.GetTimestamp());
                var rate = await test.On(from).MeasureRateAsync(test.At(to), TimeSpan.FromSeconds(2.5), TestLab.Cancelled);
                var (after, elapsed) = (test.Lab.Load, TimeProvider.System.GetElapsedTime(began));
                var megabits = rate.BitsPerSecond * PacketOverPayload / 1e6;
                output.WriteLine(
                    $"asked {asked} Mbit/s from {from} to {to}: {megabits:0.0} Mbit/s; the router used {(after.CpuTime - before.CpuTime) / elapsed:P0} of a core for {(after.Packets - before.Packets) / elapsed.TotalSeconds:0} packets/s");
                Assert.InRange(megabits, asked * 0.9, asked * 1.1);
            });
        }

        output.WriteLine(test.Lab.Load.ToString());
    }

    [Fact]
    public async Task Loss_AskedFor_IsMeasuredAndCounted()
    {
        await using var test = await TestLab.CreateAsync(Pair(LinkSettings.Perfect));
        test.Lab.SetLink("one", "two", new LinkSettings { Loss = 0.05, LossBurst = 4 });

        // The other direction loses nothing: the questions to the counting side come through by TCP either way.
        const int Sent = 4_000;
        var arrived = await test.On("one").SendDatagramsAsync(test.At("two"), Sent, 200, TestLab.Cancelled);
        var counters = test.Lab.CountersOf("one", "two");
        output.WriteLine($"{Sent - arrived} of {Sent} lost; {counters}");

        Assert.InRange((Sent - arrived) / (double)Sent, 0.03, 0.07);
        Assert.InRange(counters.LostByChance, Sent - arrived, Sent - arrived + 20);
        Assert.Equal(counters.SentPackets, counters.DeliveredPackets + counters.LostByChance);
        Assert.Equal(0, test.Lab.CountersOf("two", "one").LostByChance);
    }

    [Fact]
    public async Task CutHealSlow_AtRunTime_HoldAtOnce()
    {
        await using var test = await TestLab.CreateAsync(Pair(LinkSettings.Of(TimeSpan.FromMilliseconds(10), BitRate.Unlimited)));
        var dial = () => test.On("one").DialAsync(0, test.At("two", 7_999), TimeSpan.FromMilliseconds(700), TestLab.Cancelled);

        // Nobody listens on 7999: a refusal shows that packets travel both ways.
        Assert.Equal("ConnectionRefused", await dial());
        test.Lab.Cut("one", "two");
        Assert.Equal("TimedOut", await dial());
        Assert.True(test.Lab.CountersOf("one", "two").LostByCut > 0);
        test.Lab.Heal("one");
        Assert.Equal("ConnectionRefused", await dial());

        test.Lab.SetLinks("one", "two", LinkSettings.Of(TimeSpan.FromMilliseconds(120), BitRate.Unlimited));
        await ThreeTries.MeasureAsync(output, async () =>
            Assert.InRange((await test.On("one").MeasureRoundTripsAsync(test.At("two"), 3, 100, TestLab.Cancelled)).Min(), 120, 132));
        test.Lab.Heal("one", "two");
        await ThreeTries.MeasureAsync(output, async () =>
            Assert.InRange((await test.On("one").MeasureRoundTripsAsync(test.At("two"), 9, 100, TestLab.Cancelled)).Min(), 10, 11));
    }

    [Fact]
    public async Task Jitter_AskedFor_SpreadsTheTripsAndKeepsTheirMean()
    {
        await using var test = await TestLab.CreateAsync(Pair(new LinkSettings { Delay = TimeSpan.FromMilliseconds(10), Jitter = TimeSpan.FromMilliseconds(4) }));

        await ThreeTries.MeasureAsync(output, async () =>
        {
            var trips = await test.On("one").MeasureRoundTripsAsync(test.At("two"), 150, 100, TestLab.Cancelled);
            output.WriteLine($"median {Share(trips, 0.5)}, from {Share(trips, 0.2)} to {Share(trips, 0.8)} ms");

            // Fifths, as a busy machine makes some trips late by far more than any jitter.
            Assert.InRange(Share(trips, 0.5), 18, 23);
            Assert.InRange(Share(trips, 0.2), 12, 19.5);
            Assert.InRange(Share(trips, 0.8), 20.7, 29.5);
        });
    }

    [Fact]
    public async Task CreateAsync_BadTopology_NamesEveryFault()
    {
        TestLab.Require();
        var error = await Assert.ThrowsAsync<LabException>(() => Laboratory.CreateAsync(
            new LabTopology
            {
                Hosts = [new LabHostSettings { Name = "One", Up = new BitRate(1), Congestion = "hope" }, new LabHostSettings { Name = "two" }, new LabHostSettings { Name = "two" }],
                DefaultLink = new LinkSettings { Loss = 2 },
                Links = [new LabLink("two", "three", LinkSettings.Perfect)],
            },
            TestLab.Cancelled));

        Assert.Equal(LabError.Scenario, error.Error);
        Assert.All(
            ["hosts.One.name:", "hosts.One.up:", "hosts.One.congestion:", "hosts.two: is there 2 times", "default.loss:", "there is no host \"three\""],
            part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
    }

    private static double Share(IReadOnlyList<double> values, double share) => values.Order().ElementAt((int)(values.Count * share));

    private static LabTopology Pair(LinkSettings link) => new()
    {
        Hosts = [new LabHostSettings { Name = "one" }, new LabHostSettings { Name = "two" }],
        DefaultLink = link,
    };
}
