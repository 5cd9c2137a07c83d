using System.Text;
using Skein.Core.Units;
using Skein.Lab.Errors;
using Skein.Lab.Hosts;
using Skein.Lab.Scenarios;
using Skein.Lab.Units;

namespace Skein.Lab.Tests.Scenarios;

public sealed class ScenarioTests
{
    private const string Whole = """
        {
          // Two homes and an anchor.
          "seed": 7,
          "duration": "12s",
          "hosts": {
            "anchor": { "up": "1gbit", "run": ["skein", "anchor"], "ready": "listening" },
            "anna": { "nat": "endpoint-independent", "up": "20mbit", "down": "100mbit", "queue": "256KiB" },
            "ben": {
              "nat": "random-port", "congestion": "bbr",
              "run": ["skein", "node", "--anchor", "/ip4/${anchor}/tcp/4001"], "env": { "SKEIN_ME": "${ben}" }, "wait": true,
            },
          },
          "links": { "rtt": "40ms", "jitter": "4ms", "loss": "0.5%", "burst": 3 },
          "pairs": [
            { "between": ["anna", "ben"], "rtt": "90ms" },
            { "from": "anna", "to": "anchor", "rate": "512kbit", "loss": 0.02 },
          ],
          "events": [
            { "at": "9s", "heal": "anna" },
            { "at": "1.5s", "cut": ["anna", "ben"] },
            { "at": "2s", "slow": "anna", "rtt": "300ms" },
            { "at": "3s", "kill": "ben" },
            { "at": "4s", "start": "ben" },
          ],
        }
        """;

    [Fact]
    public void Parse_WholeScenario_ReadsEverything()
    {
        var scenario = Parse(Whole);

        var (topology, anna) = (scenario.Topology, scenario.Topology.Hosts[1]);
        Assert.Equal(7ul, topology.Seed);
        Assert.Equal(TimeSpan.FromSeconds(12), scenario.Duration);
        Assert.Equal(["anchor", "anna", "ben"], topology.Hosts.Select(host => host.Name));
        Assert.Equal((NatKind.EndpointIndependent, BitRate.Megabits(20), BitRate.Megabits(100), ByteSize.KiB(256)), (anna.Nat, anna.Up, anna.Down, anna.Queue!.Value));
        Assert.Equal((NatKind.RandomPort, "bbr"), (topology.Hosts[2].Nat, topology.Hosts[2].Congestion));

        var plain = topology.LinkOf("anchor", "ben");
        Assert.Equal((20, 2, 0.005, 3), (plain.Delay.TotalMilliseconds, plain.Jitter.TotalMilliseconds, plain.Loss, plain.LossBurst));
        Assert.Equal(plain with { Delay = TimeSpan.FromMilliseconds(45) }, topology.LinkOf("ben", "anna"));
        Assert.Equal(plain with { Rate = BitRate.Kilobits(512), Loss = 0.02 }, topology.LinkOf("anna", "anchor"));
        Assert.Equal(plain, topology.LinkOf("anchor", "anna"));

        Assert.Equal(["anchor", "ben"], scenario.Processes.Select(process => process.Host));
        Assert.Equal(("listening", false), (scenario.Processes[0].Ready, scenario.Processes[0].Wait));
        Assert.Equal(("/ip4/${anchor}/tcp/4001", "${ben}", true), (scenario.Processes[1].Command[3], scenario.Processes[1].Environment["SKEIN_ME"], scenario.Processes[1].Wait));
        Assert.Equal(["Cut anna ben", "Slow anna", "Kill ben", "Start ben", "Heal anna"], scenario.Events.Select(happening => happening.ToString()));
        Assert.Equal(TimeSpan.FromSeconds(1.5), scenario.Events[0].At);
    }

    [Fact]
    public void Parse_ManyFaults_NamesAllWithTheirPlaces()
    {
        var error = Assert.Throws<LabException>(() => Parse("""
            {
              "seed": -1,
              "speed": 3,
              "hosts": {
                "anna": { "nat": "cone", "up": 20, "upp": "20mbit", "ready": "yes" },
                "ben": { "run": ["x", "${carl}"], "down": "0mbit", "queue": "5 apples" },
              },
              "links": { "rtt": "soon", "loss": "a lot" },
              "pairs": [ { "between": ["anna"] }, { "from": "anna", "to": "dora" } ],
              "events": [ { "cut": "anna" }, { "at": "1s" }, { "at": "1s", "start": "anna" }, { "at": "1s", "slow": "ben" }, { "at": "1s", "kill": ["anna", "ben"] } ],
              "duration": "3 weeks",
            }
            """));

        Assert.Equal("lab.scenario", error.Code);
        string[] expected =
        [
            "seed is not a whole number", "speed is unknown here; known are duration, events, hosts, links, network, pairs, seed", "hosts.anna.nat is \"cone\"; known are none, endpoint-independent",
            "hosts.anna.up is not a rate", "hosts.anna.upp is unknown", "hosts.anna.ready says something about a process", "hosts.ben.run mentions ${carl}", "hosts.ben.down is not a rate",
            "hosts.ben.queue is not a size", "links.rtt is not a time", "links.loss is not a share", "pairs[0] names neither", "pairs[1].to names \"dora\"", "events[0].at is missing",
            "events[1] says nothing of cut, heal", "events[2].start is for host anna, which has no \"run\"", "events[3].slow says nothing of rtt", "events[4].kill is for one host", "duration is not a time",
        ];
        Assert.All(expected, part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
        Assert.Equal(expected.Length, error.Message.Split('\n').Length - 1);
    }

    [Theory]
    [InlineData("""{ "hosts": { "a": {} }, "links": { "rtt": "60s" } }""", "default.delay")]
    [InlineData("""{ "hosts": { "a": {}, "b": {} }, "events": [ { "at": "1s", "slow": "a", "jitter": "5ms" } ] }""", "\"Slow a\" at 1 s makes the line from a to b one that cannot be: jitter")]
    [InlineData("""{ "hosts": {} }""", "hosts: 0 is not between 1 and 64")]
    [InlineData("""{ "hosts": { "Anna": {} } }""", "\"Anna\" is not a small letter")]
    [InlineData("""{ "hosts": { "a": {}, "a": {} } }""", "a")]
    [InlineData("""{ "hosts": [] }""", "hosts is not an object")]
    [InlineData("""[]""", "the file is not an object")]
    [InlineData("""{ "hosts": """, "LineNumber: 0")]
    [InlineData("", "JSON")]
    public void Parse_BadScenario_SaysWhere(string json, string expected) =>
        Assert.Contains(expected, Assert.Throws<LabException>(() => Parse(json)).Message, StringComparison.Ordinal);

    [Fact]
    public void Load_MissingFile_SaysSo() =>
        Assert.Equal(LabError.Scenario, Assert.Throws<LabException>(() => LabScenario.Load("/nowhere/scenario.json")).Error);

    [Fact]
    public void Parse_DeepNesting_IsRefused() =>
        Assert.Throws<LabException>(() => Parse(string.Concat(Enumerable.Repeat("{\"a\":", 500))));

    [Theory]
    [InlineData("""{"cut": ["a", "b"]}""", "Cut a b")]
    [InlineData("""{"slow": "a", "rate": "1mbit"}""", "Slow a")]
    public void ParseCommand_OneEvent_IsRead(string json, string expected) =>
        Assert.Equal(expected, LabScenario.ParseCommand(Encoding.UTF8.GetBytes(json), ["a", "b"]).ToString());

    [Theory]
    [InlineData("""{"cut": ["a", "a"]}""")]
    [InlineData("""{"cut": "c"}""")]
    [InlineData("""{"at": "1s", "cut": "a"}""")]
    [InlineData("""{"cut": "a", "heal": "b"}""")]
    public void ParseCommand_BadCommand_IsRefused(string json) =>
        Assert.Throws<LabException>(() => LabScenario.ParseCommand(Encoding.UTF8.GetBytes(json), ["a", "b"]));

    [Theory]
    [InlineData("200us", 0.2)]
    [InlineData("40ms", 40)]
    [InlineData("1.5s", 1_500)]
    [InlineData("2min", 120_000)]
    public void TryDuration_WithUnit_IsRead(string text, double milliseconds)
    {
        Assert.True(ScenarioUnits.TryDuration(text, out var value));
        Assert.Equal(milliseconds, value.TotalMilliseconds);
    }

    [Theory]
    [InlineData("40")]
    [InlineData("ms")]
    [InlineData("-1s")]
    [InlineData("1e3s")]
    [InlineData("1.2.3s")]
    [InlineData("9999999min")]
    public void TryDuration_Otherwise_IsRefused(string text) => Assert.False(ScenarioUnits.TryDuration(text, out _));

    private static LabScenario Parse(string json) => LabScenario.Parse(Encoding.UTF8.GetBytes(json), "test");
}
