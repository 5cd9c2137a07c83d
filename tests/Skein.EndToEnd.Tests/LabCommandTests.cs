using System.Text.Json;
using Skein.EndToEnd.Tests.Harness;
using Skein.Lab.Hosts;

namespace Skein.EndToEnd.Tests;

public sealed class LabCommandTests : IDisposable
{
    private readonly string _file = Path.Combine(Path.GetTempPath(), $"skein-{Guid.NewGuid():N}.json");

    public void Dispose() => File.Delete(_file);

    [Fact]
    public async Task Lab_RunAndCommandsFromBeside_DoWhatTheySay()
    {
        Assert.SkipWhen(LabRequirements.Missing() is { Count: > 0 }, $"The laboratory needs {string.Join("; ", LabRequirements.Missing())}.");
        await File.WriteAllTextAsync(_file, """
            { "hosts": { "anchor": {}, "anna": { "nat": "endpoint-independent", "run": ["sh", "-c", "echo here; read line"], "ready": "here", "wait": true } }, "links": { "rtt": "40ms" } }
            """);
        await using var lab = SkeinProcess.Start("lab", "run", _file, "--json");
        var name = await NameAsync(lab);

        var status = await SucceedAsync("lab", "slow", "anna", "anchor", "--rtt", "200ms", "--lab", name, "--json");
        using (var hosts = JsonDocument.Parse(status))
        {
            var anna = hosts.RootElement.GetProperty("hosts").EnumerateArray().Single(host => host.GetProperty("name").ValueEquals("anna"));
            Assert.Equal("192.168.1.2", anna.GetProperty("own_address").GetString());
            Assert.Equal(1, anna.GetProperty("running").GetArrayLength());
        }

        await SucceedAsync("lab", "cut", "anna", "--lab", name);
        Assert.Contains("192.168.1.2", await SucceedAsync("lab", "exec", "anna", "--lab", name, "--", "ip", "-4", "address"), StringComparison.Ordinal);
        var (exitCode, _, errors) = await SkeinProcess.RunAsync("lab", "cut", "nobody", "--lab", name);
        Assert.Equal(1, exitCode);
        Assert.Contains("nobody", errors, StringComparison.Ordinal);

        await SucceedAsync("lab", "kill", "anna", "--lab", name);
        Assert.Equal(0, await lab.WaitAsync(TimeSpan.FromSeconds(60)));
        using var report = JsonDocument.Parse(lab.Output);
        Assert.Equal("processes", report.RootElement.GetProperty("ended").GetString());
        Assert.Equal(137, report.RootElement.GetProperty("processes")[0].GetProperty("exit_code").GetInt32());
        Assert.Contains("Slow anna anchor", lab.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task LabRun_FaultyScenario_NamesEveryFault()
    {
        await File.WriteAllTextAsync(_file, """{ "hosts": { "anna": { "nat": "magic" }, "ben": { "up": "fast" } } }""");

        var (exitCode, _, errors) = await SkeinProcess.RunAsync("lab", "run", _file);

        Assert.Equal(1, exitCode);
        Assert.Contains("magic", errors, StringComparison.Ordinal);
        Assert.Contains("hosts.ben.up", errors, StringComparison.Ordinal);
    }

    // The one that began with our own process: others may run beside.
    private static async Task<string> NameAsync(SkeinProcess lab)
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (true)
        {
            var names = (await SucceedAsync("lab", "list")).Split('\n');
            if (names.FirstOrDefault(name => name.StartsWith($"skeinlab.{lab.Id}.", StringComparison.Ordinal)) is { } name
                && (await SkeinProcess.RunAsync("lab", "status", "--lab", name.Trim())).ExitCode == 0)
            {
                return name.Trim();
            }

            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(60) && !lab.HasExited, $"The laboratory did not come up: {lab.Errors}");
            await Task.Delay(100);
        }
    }

    private static async Task<string> SucceedAsync(params string[] arguments)
    {
        var (exitCode, output, errors) = await SkeinProcess.RunAsync(arguments);
        Assert.True(exitCode == 0, errors);
        return output;
    }
}
