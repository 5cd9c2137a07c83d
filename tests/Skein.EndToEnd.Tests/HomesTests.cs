using Skein.EndToEnd.Tests.Harness;
using Skein.Lab.Hosts;
using Skein.Lab.Units;

namespace Skein.EndToEnd.Tests;

/// <summary>What the network is for: people behind home routers hold a model together, and one of them asks it.</summary>
public sealed class HomesTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Chat_BetweenHomes_Answers()
    {
        await using var lab = await HomeLab.CreateAsync(
            // Opens a port when asked: found reachable.
            new LabHostSettings { Name = "anna", Nat = NatKind.PortRestricted, OpensPorts = true, Up = BitRate.Megabits(20), Down = BitRate.Megabits(100) },
            // Cannot be punched: stays on the relay.
            new LabHostSettings { Name = "ben", Nat = NatKind.RandomPort, Up = BitRate.Megabits(20), Down = BitRate.Megabits(100) },
            new LabHostSettings { Name = "carl", Nat = NatKind.PortRestricted, Up = BitRate.Megabits(20), Down = BitRate.Megabits(100) });
        var anna = StartNode(lab, "anna", "0-14");
        var ben = StartNode(lab, "ben", "15-29");
        foreach (var node in new[] { anna, ben })
        {
            await node.WaitForLineAsync("\"ready\"", HomeLab.Patience, HomeLab.Cancelled);
        }

        var reached = await anna.WaitForLineAsync("Others reach this node by", HomeLab.Patience, HomeLab.Cancelled);
        Assert.Contains($"/ip4/{lab.Lab.Host("anna").PublicAddress}/tcp/7410", reached, StringComparison.Ordinal);
        await ben.WaitForLineAsync("Others cannot reach this node directly", HomeLab.Patience, HomeLab.Cancelled);

        var carl = lab.Start("carl", ["chat", "--model", Ring.Model, .. lab.ToAnchors, "--temperature", "0", "--max-tokens", "16"]);
        await carl.WriteLineAsync("What is the capital of France?", HomeLab.Cancelled);
        output.WriteLine(await carl.WaitForLineAsync("Paris", HomeLab.Patience, HomeLab.Cancelled));
    }

    private static LabProcess StartNode(HomeLab lab, string host, string blocks)
        => lab.Start(host, ["node", "--model", Ring.Model, "--blocks", blocks, "--identity", lab.KeyOf(host), "--announce", .. lab.ToAnchors]);
}
