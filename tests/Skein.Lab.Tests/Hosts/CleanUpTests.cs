using System.Diagnostics;
using System.Globalization;
using Skein.Lab.Control;
using Skein.Lab.Errors;
using Skein.Lab.Hosts;

namespace Skein.Lab.Tests.Hosts;

/// <summary>Nothing of a laboratory outlives it.</summary>
[Collection("Laboratory")]
public sealed class CleanUpTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task DisposeAsync_ProcessesWithChildren_LeavesNothing()
    {
        TestLab.Require();
        var lab = await Laboratory.CreateAsync(Topology("first", "second"), TestLab.Cancelled);
        var names = lab.Hosts.Select(host => host.Namespace).ToArray();
        var parent = lab.Host("first").Start("sh", ["-c", "sleep 1000 & echo child=$!; sleep 1000"]);
        var line = await parent.WaitForLineAsync("child=", Patience, TestLab.Cancelled);
        var child = int.Parse(line["child=".Length..], CultureInfo.InvariantCulture);
        Assert.True(Lives(parent.Id) && Lives(child), "the processes did not start");
        Assert.All(names, name => Assert.True(Exists(name), $"namespace {name} is missing"));

        await lab.DisposeAsync();
        await lab.DisposeAsync();

        Assert.False(Lives(parent.Id));
        Assert.False(Lives(child));
        Assert.All(names, name => Assert.False(Exists(name), $"namespace {name} is left"));
        await UntilAsync(() => !Directory.EnumerateDirectories("/sys/class/net", "skl*").Any(), "a device of a laboratory is left");
    }

    [Fact]
    public async Task SweepAsync_MakerKilled_TakesItsLaboratoryAway()
    {
        TestLab.Require();
        var start = new ProcessStartInfo(Environment.ProcessPath!, ["hold"]) { UseShellExecute = false, RedirectStandardOutput = true };
        using var maker = Process.Start(start);
        Assert.NotNull(maker);
        var name = await maker.StandardOutput.ReadLineAsync(TestLab.Cancelled).AsTask().WaitAsync(Patience, TimeProvider.System);
        Assert.NotNull(name);
        var (place, socket) = (name + ".held", $"/run/{name}.sock");
        Assert.True(Exists(place) && File.Exists(socket), "the maker has made no laboratory: " + name);
        Assert.Contains(name, LabCommands.List());
        maker.Kill();
        await maker.WaitForExitAsync(TestLab.Cancelled).WaitAsync(Patience, TimeProvider.System);
        Assert.DoesNotContain(name, LabCommands.List());

        await Laboratory.SweepAsync();

        Assert.False(Exists(place), $"namespace {place} is left");
        Assert.False(File.Exists(socket), $"{socket} is left");
    }

    [Fact]
    public async Task Host_FreezeThawKill_DoWhatTheySay()
    {
        TestLab.Require();
        await using var lab = await Laboratory.CreateAsync(Topology("only"), TestLab.Cancelled);
        var host = lab.Host("only");
        var process = host.Start("sh", ["-c", "echo ready; while read line; do echo got $line; done"]);
        await process.WaitForLineAsync("ready", Patience, TestLab.Cancelled);

        host.Freeze();
        await process.WriteLineAsync("one", TestLab.Cancelled);
        await UntilAsync(() => State(process.Id) == 'T', "the process was not stopped");
        host.Thaw();
        await process.WaitForLineAsync("got one", Patience, TestLab.Cancelled);
        host.Kill();

        Assert.NotEqual(0, await process.WaitForExitAsync(Patience, TestLab.Cancelled));
        var error = await Assert.ThrowsAsync<LabException>(() => process.WaitForLineAsync("got two", Patience, TestLab.Cancelled));
        Assert.Contains("got one", error.Message, StringComparison.Ordinal);

        // What is known of it stays when it is disposed, and nobody minds that twice.
        await process.DisposeAsync();
        await process.DisposeAsync();
        host.Kill();
        Assert.Equal((137, true), (process.ExitCode, process.HasExited));
        Assert.Contains("got one", process.Lines);
    }

    [Fact]
    public async Task Host_UnknownName_IsRefusedWithTheKnownOnes()
    {
        TestLab.Require();
        await using var lab = await Laboratory.CreateAsync(Topology("only"), TestLab.Cancelled);

        var error = Assert.Throws<LabException>(() => lab.Host("nobody"));

        Assert.Equal(LabError.Unknown, error.Error);
        Assert.Contains("only", error.Message, StringComparison.Ordinal);
    }

    private static async Task UntilAsync(Func<bool> condition, string missing)
    {
        for (var tries = 0; !condition(); tries++)
        {
            Assert.True(tries < 400, missing);
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, TestLab.Cancelled);
        }
    }

    private static LabTopology Topology(params string[] names) => new() { Hosts = [.. names.Select(name => new LabHostSettings { Name = name })] };

    private static bool Exists(string name) => File.Exists("/run/netns/" + name);

    private static bool Lives(int process) => Directory.Exists($"/proc/{process}") && State(process) != 'Z';

    private static char State(int process)
    {
        var stat = File.ReadAllText($"/proc/{process}/stat");
        return stat[stat.LastIndexOf(')') + 2];
    }
}
