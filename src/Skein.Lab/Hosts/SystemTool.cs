using System.Diagnostics;
using System.Text;
using Skein.Lab.Errors;

namespace Skein.Lab.Hosts;

/// <summary>Runs the system's tools to their end.</summary>
internal static class SystemTool
{
    /// <summary>A tool that takes longer hangs.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>What is kept of a tool's output; the rest is read and forgotten.</summary>
    private const int MostOutput = 1 << 20;

    private static readonly string[] Folders = ["/usr/sbin", "/sbin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/local/bin"];

    /// <summary>Full path of a tool; null when it is not installed.</summary>
    public static string? Find(string name) => Folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    /// <summary>Runs a tool and expects success.</summary>
    /// <returns>What it printed.</returns>
    /// <exception cref="LabException"><see cref="LabError.Tool"/>: it failed; <see cref="LabError.Requirement"/>: it is not installed.</exception>
    public static async Task<string> RunAsync(string name, IReadOnlyList<string> arguments, string? input, CancellationToken cancellationToken)
    {
        var result = await TryRunAsync(name, arguments, input, Patience, cancellationToken);
        return result.ExitCode == 0
            ? result.Output
            : throw new LabException(
                LabError.Tool,
                $"{name} {string.Join(' ', arguments)} ended with {result.ExitCode}: {result.Errors.Trim()}" + (input is null ? string.Empty : $"\nIts input was:\n{input}"));
    }

    /// <summary>Runs a tool, whatever comes of it.</summary>
    /// <exception cref="LabException"><see cref="LabError.Requirement"/>: it is not installed; <see cref="LabError.Process"/>: it did not end in time and was killed.</exception>
    public static async Task<ToolOutput> TryRunAsync(string name, IReadOnlyList<string> arguments, string? input, TimeSpan patience, CancellationToken cancellationToken)
    {
        var path = Find(name) ?? throw new LabException(LabError.Requirement, $"The tool {name} is not installed.");
        var start = new ProcessStartInfo(path, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start) ?? throw new LabException(LabError.Tool, $"{path} did not start.");
        using var limit = new CancellationTokenSource(patience, TimeProvider.System);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            var output = ReadAsync(process.StandardOutput, both.Token);
            var errors = ReadAsync(process.StandardError, both.Token);
            try
            {
                await process.StandardInput.WriteAsync((input ?? string.Empty).AsMemory(), both.Token);
                process.StandardInput.Close();
            }
            catch (IOException)
            {
                // It ended without reading all; its exit code and errors say more than a broken pipe.
            }

            await process.WaitForExitAsync(both.Token);
            return new ToolOutput(process.ExitCode, await output, await errors);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            throw new LabException(LabError.Process, $"{name} {string.Join(' ', arguments)} did not end within {patience.TotalSeconds:0} s and was killed.");
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    private static async Task<string> ReadAsync(StreamReader reader, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        var buffer = new char[4_096];
        int count;
        while ((count = await reader.ReadAsync(buffer, cancellationToken)) > 0)
        {
            text.Append(buffer, 0, Math.Min(count, MostOutput - text.Length));
        }

        return text.ToString();
    }
}
