using System.Diagnostics;
using Skein.EndToEnd.Tests.Harness;

namespace Skein.EndToEnd.Tests;

/// <summary>The launcher script on systems with a POSIX shell.</summary>
public sealed class LauncherTests
{
    [Fact]
    public async Task Launcher_NothingToBuild_RunsTheProgramWithoutNoise()
    {
        var (exitCode, output, errors) = await RunAsync(Path.Combine(Repository.Root, "skein"), Environment.GetEnvironmentVariable("PATH")!, "model", "list", "--json");

        Assert.Equal(0, exitCode);
        Assert.StartsWith("[", output, StringComparison.Ordinal);
        Assert.Equal(string.Empty, errors);
    }

    [Fact]
    public async Task Launcher_ThroughASymbolicLink_FindsTheProgram()
    {
        var link = Path.Combine(Path.GetTempPath(), $"skein-{Guid.NewGuid():N}");
        File.CreateSymbolicLink(link, Path.Combine(Repository.Root, "skein"));
        try
        {
            var (exitCode, output, _) = await RunAsync(link, Environment.GetEnvironmentVariable("PATH")!, "--version");

            Assert.Equal(0, exitCode);
            Assert.Matches(@"^\d+\.\d+\.\d+", output);
        }
        finally
        {
            File.Delete(link);
        }
    }

    [Fact]
    public async Task Launcher_WithoutTheSdk_SaysWhatToInstall()
    {
        // A PATH with what the script needs, and no dotnet.
        var tools = Directory.CreateTempSubdirectory("skein-path-");
        try
        {
            foreach (var tool in new[] { "bash", "env", "dirname", "readlink" })
            {
                File.CreateSymbolicLink(Path.Combine(tools.FullName, tool), Find(tool));
            }

            var (exitCode, _, errors) = await RunAsync(Path.Combine(Repository.Root, "skein"), tools.FullName, "demo");

            Assert.Equal(127, exitCode);
            Assert.Contains(".NET SDK 10", errors, StringComparison.Ordinal);
        }
        finally
        {
            tools.Delete(recursive: true);
        }
    }

    private static string Find(string tool)
        => Environment.GetEnvironmentVariable("PATH")!.Split(':').Select(folder => Path.Combine(folder, tool)).First(File.Exists);

    private static async Task<(int ExitCode, string Output, string Errors)> RunAsync(string launcher, string path, params string[] arguments)
    {
        var start = new ProcessStartInfo(launcher, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.Environment["PATH"] = path;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(SkeinProcess.Patience);
        return (process.ExitCode, await output, await errors);
    }
}
