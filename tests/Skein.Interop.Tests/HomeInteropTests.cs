using System.Text.Json;
using System.Text.Json.Nodes;
using Skein.Lab;
using Skein.Lab.Hosts;
using Skein.Lab.Links;
using Skein.P2P.HolePunching;

namespace Skein.Interop.Tests;

/// <summary>A home with js-libp2p and one with us meet through a relay: what the routers let come of it.</summary>
public sealed class HomeInteropTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>Our router lets strangers in to the mapped port, and js-libp2p calls it in its round.</summary>
    [Fact]
    public async Task WeCallJs_BehindRoutersThatKeepPortsOpen_IsDirect()
    {
        var report = await MeetAsync(NatKind.EndpointIndependent);

        Assert.True(report.IsDirect, report.ToString());
        Assert.Equal(HolePunchResult.Punched, report.Result);
    }

    /// <summary>js-libp2p calls from another port than the one that its router has mapped: ours does not know it.</summary>
    [Fact]
    public async Task WeCallJs_BehindRoutersThatKnowWhomTheyLetIn_StaysOnTheRelayAndSaysWhy()
    {
        var report = await MeetAsync(NatKind.PortRestricted);

        Assert.False(report.IsDirect, report.ToString());
        Assert.Equal(HolePunchResult.StayedOnRelay, report.Result);
        Assert.NotEmpty(report.Reason);
    }

    private async Task<HomeReport> MeetAsync(NatKind nat)
    {
        List<string> missing = [.. LabRequirements.Missing()];
        if (OwnNetwork.IsOfUser)
        {
            missing.Add("root (run it with sudo)");
        }

        Assert.SkipWhen(missing.Count > 0, "The laboratory needs " + string.Join("; ", missing) + ".");
        var scripts = await JsPackages.FolderAsync();
        await using var lab = await Laboratory.CreateAsync(
            new LabTopology
            {
                Hosts = [new LabHostSettings { Name = "relay" }, new LabHostSettings { Name = "anna", Nat = nat }, new LabHostSettings { Name = "ben", Nat = nat }],
                DefaultLink = LinkSettings.Of(TimeSpan.FromMilliseconds(40), Skein.Lab.Units.BitRate.Unlimited),
            },
            Cancelled);
        var relay = await StartAsync(lab, "relay", "ready ", "relay");
        var js = lab.Host("ben").Start("node", ["--import", Path.Combine(scripts, "shims.mjs"), "--import", Path.Combine(scripts, "laboratory.mjs"), Path.Combine(scripts, "nodes.mjs")]);
        await js.WriteLineAsync(JsonSerializer.Serialize(new { name = "start", call = 1, node = 1, listen = new[] { "/ip4/0.0.0.0/tcp/0", relay + "/p2p-circuit" }, services = new[] { "dcutr" } }), Cancelled);
        var answer = JsonNode.Parse(await js.WaitForLineAsync("\"call\":1", Patience, Cancelled))!;
        Assert.True((bool)answer["ok"]!, answer.ToJsonString());
        var called = answer["addresses"]!.AsArray().Select(address => (string)address!).First(address => address.Contains("/p2p-circuit", StringComparison.Ordinal));

        var report = await StartAsync(lab, "anna", "report ", "call", relay, called);
        output.WriteLine($"{nat}: {report}");
        return JsonSerializer.Deserialize<HomeReport>(report)!;
    }

    private static async Task<string> StartAsync(Laboratory lab, string host, string sign, params string[] arguments)
    {
        var line = await lab.Host(host).Start(Environment.ProcessPath!, ["peer", .. arguments]).WaitForLineAsync(sign, Patience, Cancelled);
        return line[(line.IndexOf(sign, StringComparison.Ordinal) + sign.Length)..];
    }
}
