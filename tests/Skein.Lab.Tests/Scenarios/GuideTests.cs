using System.Text;
using Skein.Lab.Scenarios;

namespace Skein.Lab.Tests.Scenarios;

public sealed class GuideTests
{
    [Fact]
    public void Scenario_InTheGuide_CanBeRead()
    {
        var guide = File.ReadAllText(Path.Combine(Root(), "docs", "guides", "lab.md"));
        const string Fence = "```json\n";
        var begin = guide.IndexOf(Fence, StringComparison.Ordinal) + Fence.Length;
        var json = guide[begin..guide.IndexOf("```", begin, StringComparison.Ordinal)];

        var scenario = LabScenario.Parse(Encoding.UTF8.GetBytes(json), "guide");

        Assert.Equal(3, scenario.Topology.Hosts.Count);
        Assert.Equal(7, scenario.Events.Count);
    }

    private static string Root()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Skein.slnx")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("No folder above the tests holds Skein.slnx.");
        }

        return folder;
    }
}
