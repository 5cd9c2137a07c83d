using System.Text.Json;
using Skein.EndToEnd.Tests.Harness;
using Skein.Lab.Hosts;

namespace Skein.EndToEnd.Tests;

/// <summary><c>skein net check</c> behind each kind of home router, within its minute.</summary>
public sealed class NetCheckTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Minute = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Check_WhereOthersGetIn_SaysByWhatAddress()
    {
        await using var lab = await HomeLab.CreateAsync(
            new LabHostSettings { Name = "open" },
            new LabHostSettings { Name = "cone", Nat = NatKind.EndpointIndependent },
            new LabHostSettings { Name = "opens", Nat = NatKind.PortRestricted, OpensPorts = true });

        var reports = await Task.WhenAll(CheckAsync(lab, "open", 0), CheckAsync(lab, "cone", 0), CheckAsync(lab, "opens", 0));

        foreach (var (host, report) in reports)
        {
            Assert.Equal("yes", report.GetProperty("reachable").GetString());
            Assert.Equal(lab.Lab.Host(host).PublicAddress.ToString(), report.GetProperty("public_address").GetString());
            Assert.Contains(
                report.GetProperty("addresses").EnumerateArray(),
                address => address.GetProperty("state").ValueEquals("reachable") && address.GetProperty("address").GetString() == $"/ip4/{lab.Lab.Host(host).PublicAddress}/tcp/7410");
            Assert.Contains("Nothing needs to be done", report.GetProperty("next_steps")[0].GetString(), StringComparison.Ordinal);
        }

        Assert.Equal(["none", "endpoint-independent", "endpoint-independent"], reports.Select(entry => entry.Report.GetProperty("nat").GetString()));
        Assert.Equal($"{lab.Lab.Host("opens").PublicAddress}:7410 by pcp", reports[2].Report.GetProperty("port_mapping").GetString());
        Assert.StartsWith("none", reports[1].Report.GetProperty("port_mapping").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_WhereNobodyGetsIn_SaysWhoRelaysAndWhatToDo()
    {
        await using var lab = await HomeLab.CreateAsync(
            new LabHostSettings { Name = "restricted", Nat = NatKind.PortRestricted },
            new LabHostSettings { Name = "random", Nat = NatKind.RandomPort },
            new LabHostSettings { Name = "resetting", Nat = NatKind.Resetting });

        var reports = await Task.WhenAll(CheckAsync(lab, "restricted", 3), CheckAsync(lab, "random", 3), CheckAsync(lab, "resetting", 3));

        foreach (var (host, report) in reports)
        {
            Assert.Equal("no", report.GetProperty("reachable").GetString());
            Assert.Equal(lab.Lab.Host(host).PublicAddress.ToString(), report.GetProperty("public_address").GetString());

            // The check ends with the first place; which anchor gives it is a matter of milliseconds.
            Assert.Contains(
                report.GetProperty("relayed_by").EnumerateArray().Select(address => address.GetString()!),
                address => lab.Anchors.Any(anchor => address.StartsWith(anchor, StringComparison.Ordinal)) && address.Contains("/p2p-circuit/p2p/", StringComparison.Ordinal));
            Assert.Contains(report.GetProperty("next_steps").EnumerateArray(), step => step.GetString()!.Contains("forward TCP port 7410", StringComparison.Ordinal));
        }

        Assert.Equal(["endpoint-independent", "endpoint-dependent", "endpoint-independent"], reports.Select(entry => entry.Report.GetProperty("nat").GetString()));
    }

    private async Task<(string Host, JsonElement Report)> CheckAsync(HomeLab lab, string host, int expectedCode)
    {
        var started = TimeProvider.System.GetTimestamp();
        var check = lab.Start(host, ["net", "check", .. lab.ToAnchors, "--json"]);
        var code = await check.WaitForExitAsync(HomeLab.Patience, HomeLab.Cancelled);
        var took = TimeProvider.System.GetElapsedTime(started);
        var text = string.Join('\n', check.Lines);
        output.WriteLine($"{host}: {took.TotalSeconds:0.0} s");
        Assert.Equal(expectedCode, code);
        Assert.True(took < Minute, $"It took {took.TotalSeconds:0} s.");
        // What is being done comes before, on the other stream.
        using var report = JsonDocument.Parse(text[text.IndexOf('{', StringComparison.Ordinal)..]);
        return (host, report.RootElement.Clone());
    }
}
