using System.Text;
using Skein.Lab.Control;
using Skein.Lab.Errors;
using Skein.Lab.Scenarios;
using Skein.Lab.Tests.Hosts;

namespace Skein.Lab.Tests.Scenarios;

[Collection("Laboratory")]
public sealed class RunnerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task RunAsync_EventsAndProcesses_HappenAndAreReported()
    {
        TestLab.Require();
        await using var runner = await CreateAsync("""
            {
              "hosts": {
                "one": { "run": ["sh", "-c", "echo up; sleep 100"], "ready": "up" },
                "two": { "nat": "port-restricted", "run": ["sh", "-c", "echo ${one} $ME; sleep 2"], "env": { "ME": "me" }, "wait": true },
              },
              "links": { "rtt": "10ms" },
              "events": [
                { "at": "100ms", "slow": ["one", "two"], "rtt": "50ms" },
                { "at": "300ms", "kill": "one" },
                { "at": "400ms", "cut": "one" },
                { "at": "500ms", "start": "one" },
              ],
              "duration": "1min",
            }
            """);

        var report = await runner.RunAsync(TestLab.Cancelled).WaitAsync(Patience, TimeProvider.System);

        Assert.Equal("processes", report.Ended);
        Assert.Equal(["Slow one two", "Kill one", "Cut one", "Start one"], report.Events.Select(happened => happened.What));
        Assert.All(report.Events, happened => Assert.InRange((happened.Happened - happened.Asked).TotalMilliseconds, 0, 1_000));
        Assert.Equal([("one", 137), ("two", 0), ("one", (int?)null)], report.Processes.Select(process => (process.Host, process.ExitCode)));
        Assert.Equal(["203.0.113.1 me"], report.Processes[1].Lines);
        Assert.Equal(25, runner.Lab.LinkOf("two", "one").Delay.TotalMilliseconds);
    }

    [Fact]
    public async Task RunAsync_ProcessNotReady_SaysWhichAndWhatItPrinted()
    {
        TestLab.Require();
        await using var runner = await CreateAsync("""{ "hosts": { "one": { "run": ["sh", "-c", "echo no such model"], "ready": "listening" } } }""");

        var error = await Assert.ThrowsAsync<LabException>(() => runner.RunAsync(TestLab.Cancelled).WaitAsync(Patience, TimeProvider.System));

        Assert.Equal(LabError.Process, error.Error);
        Assert.Contains("no such model", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_Stopped_ReportsAllTheSame()
    {
        TestLab.Require();
        await using var runner = await CreateAsync("""{ "hosts": { "one": { "run": ["sleep", "100"] } } }""");
        using var stop = new CancellationTokenSource();
        var run = runner.RunAsync(stop.Token);

        await stop.CancelAsync();

        Assert.Equal("stopped", (await run.WaitAsync(Patience, TimeProvider.System)).Ended);
    }

    [Fact]
    public async Task Control_FromOutside_ChangesAndTells()
    {
        TestLab.Require();
        await using var runner = await CreateAsync("""{ "hosts": { "one": {}, "two": {} }, "links": { "rtt": "10ms" } }""");
        var name = runner.Lab.Name;
        await using (LabControlServer.Start(runner, TimeProvider.System))
        {
            Assert.Contains(name, LabCommands.List());
            var status = await LabCommands.StatusAsync(name, TestLab.Cancelled);
            Assert.Equal([("one", "203.0.113.1"), ("two", "203.0.113.2")], status.Hosts.Select(host => (host.Name, host.PublicAddress)));

            await LabCommands.ApplyAsync(name, """{"slow": ["one", "two"], "rtt": "30ms"}""", TestLab.Cancelled);
            Assert.Equal(15, runner.Lab.LinkOf("one", "two").Delay.TotalMilliseconds);

            var error = await Assert.ThrowsAsync<LabException>(() => LabCommands.ApplyAsync(name, """{"cut": "three"}""", TestLab.Cancelled));
            Assert.Contains("\"three\"", error.Message, StringComparison.Ordinal);

            Assert.Equal(7, await LabCommands.ExecuteAsync(name, "two", ["sh", "-c", "test -e /sys/class/net/wan0 && exit 7"], TestLab.Cancelled));
            error = await Assert.ThrowsAsync<LabException>(() => LabCommands.ExecuteAsync(name, "three", ["true"], TestLab.Cancelled));
            Assert.Equal(LabError.Unknown, error.Error);
        }

        Assert.Equal(LabError.Unknown, (await Assert.ThrowsAsync<LabException>(() => LabCommands.StatusAsync(name, TestLab.Cancelled))).Error);
        Assert.False(File.Exists($"/run/{name}.sock"));
    }

    private static Task<LabRunner> CreateAsync(string json) =>
        LabRunner.CreateAsync(LabScenario.Parse(Encoding.UTF8.GetBytes(json), "test"), TimeProvider.System, null, TestLab.Cancelled);
}
