using System.Diagnostics;

namespace Skein.Interop.Tests;

/// <summary>The npm packages of the js peers, installed once.</summary>
internal static class JsPackages
{
    private static readonly TimeSpan InstallBound = TimeSpan.FromMinutes(5);
    private static readonly Lazy<Task<string>> Installed = new(InstallAsync, LazyThreadSafetyMode.ExecutionAndPublication);

    /// <summary>The folder with the packages.</summary>
    public static Task<string> FolderAsync() => Installed.Value;

    /// <summary>Runs a program in the folder to its end.</summary>
    public static async Task RunAsync(string folder, TimeSpan bound, string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        process.StandardInput.Close();
        var output = Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync().WaitAsync(bound);
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)} failed: {string.Join(Environment.NewLine, await output)}");
    }

    private static async Task<string> InstallAsync()
    {
        var folder = Path.Combine(FindRoot(), "tests", "Skein.Interop.Tests", "js");
        // npm's own mark of what is installed: an older one than the lock file is not what the tests need.
        var mark = Path.Combine(folder, "node_modules", ".package-lock.json");
        if (!File.Exists(mark) || File.GetLastWriteTimeUtc(mark) < File.GetLastWriteTimeUtc(Path.Combine(folder, "package-lock.json")))
        {
            await RunAsync(folder, InstallBound, "npm", "ci", "--no-audit", "--no-fund");
        }

        return folder;
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Skein.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException("No Skein.slnx above " + AppContext.BaseDirectory);
    }
}
