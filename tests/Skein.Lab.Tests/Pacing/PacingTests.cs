using System.Text.Json;
using Skein.Lab.Hosts;
using Skein.Lab.Links;
using Skein.Lab.Tests.Hosts;
using Skein.Lab.Units;

namespace Skein.Lab.Tests.Pacing;

/// <summary>Decode messages beside a bulk transfer over the kernel's TCP and a line of 20 Mbit/s and 40 ms.</summary>
[Collection("Laboratory")]
public sealed class PacingTests(ITestOutputHelper output)
{
    private const int Messages = 120;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    [Fact]
    public Task Decode_BesideBulk_IsUnharmedBecauseBulkIsPaced() => ThreeTries.MeasureAsync(output, async () =>
    {
        await using var lab = await CreateAsync(loss: 0);
        var alone = await MeasureAsync(lab, "alone");
        var paced = await MeasureAsync(lab, "beside bulk", "bulk");
        var free = await MeasureAsync(lab, "beside bulk that is not paced", "bulk", "unpaced");

        // 8 KiB take 3.3 ms of the line each way; what bulk may add is a short queue now and then.
        Assert.InRange(paced.P50Ms, 0, alone.P50Ms + 15);
        Assert.InRange(paced.P90Ms, 0, (alone.P90Ms * 1.5) + 10);
        Assert.InRange(paced.BulkMbit, 10, 20);
        Assert.True(free.P50Ms > paced.P50Ms + 15, $"Not paced {free}, paced {paced}");
    });

    [Fact]
    public Task Decode_BesideBulkThatLosesPackets_IsHeldUpLessOnItsOwnConnection() => ThreeTries.MeasureAsync(output, async () =>
    {
        await using var lab = await CreateAsync(loss: 0.005);
        var two = await MeasureAsync(lab, "two connections", "bulk");
        var one = await MeasureAsync(lab, "one connection", "bulk", "one-connection");

        // A lost packet of bulk holds up what is behind it for a round trip.
        Assert.True(one.P90Ms > two.P90Ms + 10, $"One connection {one}, two {two}");
    });

    private static Task<Laboratory> CreateAsync(double loss)
    {
        TestLab.Require();
        return Laboratory.CreateAsync(
            new LabTopology
            {
                Hosts =
                [
                    new LabHostSettings { Name = "near", Up = BitRate.Megabits(20), Down = BitRate.Megabits(100) },
                    new LabHostSettings { Name = "far", Up = BitRate.Megabits(100), Down = BitRate.Megabits(100) },
                ],
                DefaultLink = LinkSettings.Of(TimeSpan.FromMilliseconds(40), BitRate.Unlimited) with { Loss = loss },
            },
            TestLab.Cancelled);
    }

    private async Task<PacingReport> MeasureAsync(Laboratory lab, string what, params string[] settings)
    {
        await using var server = lab.Host("far").Start(Environment.ProcessPath!, ["pacing", "serve"]);
        var address = await SayingAsync(server, "ready ");
        await using var client = lab.Host("near").Start(Environment.ProcessPath!, ["pacing", "send", address, $"{Messages}", .. settings]);
        var report = JsonSerializer.Deserialize<PacingReport>(await SayingAsync(client, "report "))!;
        output.WriteLine($"{what}: {report}");
        return report;
    }

    private static async Task<string> SayingAsync(LabProcess process, string sign)
    {
        var line = await process.WaitForLineAsync(sign, Patience, TestLab.Cancelled);
        return line[(line.IndexOf(sign, StringComparison.Ordinal) + sign.Length)..];
    }
}
