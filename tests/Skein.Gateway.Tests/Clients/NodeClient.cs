using System.Diagnostics;
using System.Text.Json;
using Skein.Gateway.Tests.Fakes;

namespace Skein.Gateway.Tests.Clients;

/// <summary>OpenAI's JavaScript client, from npm, in a Node.js process for each scenario. Installed once, when it is not there yet.</summary>
public sealed class NodeClient : IAsyncLifetime
{
    // A registry may be slow.
    private static readonly TimeSpan InstallTime = TimeSpan.FromMinutes(3);

    private readonly string _folder = Path.Combine(SourceTree.Root, "tests", "Skein.Gateway.Tests", "js");

    public async ValueTask InitializeAsync()
    {
        // npm writes this file last: an install that was interrupted is done again.
        if (File.Exists(Path.Combine(_folder, "node_modules", ".package-lock.json")))
        {
            return;
        }

        var npm = OperatingSystem.IsWindows() ? "npm.cmd" : "npm";
        await RunAsync(npm, ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], InstallTime);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    internal async Task<JsonElement> RunAsync(string scenario, TestGateway gateway, string model = TestGateway.Model, string key = "none")
    {
        var output = await RunAsync("node", ["client.mjs", scenario, new Uri(gateway.Address, "/v1").ToString(), model, key], TestGateway.Patience);
        return JsonDocument.Parse(output).RootElement;
    }

    private async Task<string> RunAsync(string program, string[] arguments, TimeSpan patience)
    {
        using var process = new Process();
        process.StartInfo = new ProcessStartInfo(program, arguments) { WorkingDirectory = _folder, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        process.Start();
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        using var late = new CancellationTokenSource(patience);
        try
        {
            await process.WaitForExitAsync(late.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{program} {arguments[0]} {arguments.ElementAtOrDefault(1)} did not end within {patience.TotalSeconds:0} s.");
        }

        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}: {await errors}");
        return await output;
    }
}
