using System.Text.Json;
using Skein.Lab.Hosts;
using Skein.Lab.Links;
using Skein.Lab.Tests.Hosts;
using Skein.Lab.Units;

namespace Skein.Lab.Tests.Meeting;

/// <summary>Two homes meet through an anchor: real peers in processes of their own, behind routers of each kind.</summary>
[Collection("Laboratory")]
public sealed class MeetingTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(NatKind.EndpointIndependent, NatKind.EndpointIndependent)]
    [InlineData(NatKind.PortRestricted, NatKind.PortRestricted)]
    [InlineData(NatKind.EndpointIndependent, NatKind.PortRestricted)]
    public Task Meet_BehindRoutersThatKeepPorts_IsDirectWithinFiveSeconds(NatKind one, NatKind other) => ThreeTries.MeasureAsync(output, async () =>
    {
        var report = await MeetAsync(one, other);

        Assert.False(report.IsRelayed, report.ToString());
        Assert.True(report.IsOutbound);
        Assert.Equal("Punched", report.Result);
        Assert.InRange(report.Seconds, 0, 5);
    });

    [Theory]
    [InlineData(NatKind.RandomPort, NatKind.RandomPort)]
    [InlineData(NatKind.Resetting, NatKind.Resetting)]
    public async Task Meet_BehindRoutersThatCannotBePunched_StaysOnTheRelayAndSaysWhy(NatKind one, NatKind other)
    {
        var report = await MeetAsync(one, other);

        Assert.True(report.IsRelayed, report.ToString());
        Assert.Equal("StayedOnRelay", report.Result);
        Assert.Equal(3, report.Tries);
        Assert.NotEmpty(report.Reason);
    }

    private async Task<MeetingReport> MeetAsync(NatKind one, NatKind other)
    {
        TestLab.Require();
        await using var lab = await Laboratory.CreateAsync(
            new LabTopology
            {
                Hosts =
                [
                    new LabHostSettings { Name = "anchor" },
                    new LabHostSettings { Name = "anna", Nat = one, Up = BitRate.Megabits(20), Down = BitRate.Megabits(100) },
                    new LabHostSettings { Name = "ben", Nat = other, Up = BitRate.Megabits(20), Down = BitRate.Megabits(100) },
                ],
                DefaultLink = LinkSettings.Of(TimeSpan.FromMilliseconds(40), BitRate.Unlimited),
            },
            TestLab.Cancelled);
        var anchor = await StartAsync(lab, "anchor", "ready ", "anchor");
        var ben = await StartAsync(lab, "ben", "ready ", "wait", anchor);
        var report = await StartAsync(lab, "anna", "report ", "call", anchor, ben);
        output.WriteLine($"{one} and {other}: {report}");
        return JsonSerializer.Deserialize<MeetingReport>(report)!;
    }

    private static async Task<string> StartAsync(Laboratory lab, string host, string sign, params string[] arguments)
    {
        var process = lab.Host(host).Start(Environment.ProcessPath!, ["peer", .. arguments]);
        var line = await process.WaitForLineAsync(sign, Patience, TestLab.Cancelled);
        return line[(line.IndexOf(sign, StringComparison.Ordinal) + sign.Length)..];
    }
}
