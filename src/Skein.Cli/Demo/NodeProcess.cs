using System.Diagnostics;
using System.Text.Json;
using Skein.Cli.Configuration;
using Skein.Core.Identity;

namespace Skein.Cli.Demo;

/// <summary>A node in a process of its own, which ends when this one does.</summary>
internal sealed class NodeProcess : IAsyncDisposable
{
    // Enough to see why a node died, bounded because a node may talk for days.
    private const int KeptLogLines = 40;

    private static readonly TimeSpan GracefulStop = TimeSpan.FromSeconds(5);

    private readonly Process _process;
    private readonly Queue<string> _log = new();
    private readonly Task _errors;
    private readonly Task _output;
    private readonly TaskCompletionSource<int> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private NodeProcess(string name, BlockSpan span, Process process)
    {
        Name = name;
        Span = span;
        _process = process;
        _errors = ReadErrorsAsync();
        _output = ReadOutputAsync();
        Exited = ExitAsync();
    }

    /// <summary>What people call it.</summary>
    public string Name { get; }

    /// <summary>Blocks it hosts.</summary>
    public BlockSpan Span { get; }

    /// <summary>Its process id.</summary>
    public int ProcessId => _process.Id;

    /// <summary>Completes with the exit code when the process ends.</summary>
    public Task<int> Exited { get; }

    /// <summary>Starts a node on loopback.</summary>
    /// <param name="name">What people call it.</param>
    /// <param name="span">Blocks to host.</param>
    /// <param name="port">Port, 0 for any free one.</param>
    /// <param name="options">What is demonstrated.</param>
    public static NodeProcess Start(string name, BlockSpan span, int port, DemoOptions options)
    {
        var start = new ProcessStartInfo
        {
            FileName = Environment.ProcessPath!,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        // `dotnet skein.dll` or an executable of our own: start the same again.
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
        {
            start.ArgumentList.Add(typeof(NodeProcess).Assembly.Location);
        }

        string[] arguments =
        [
            "node", "--model", options.Model, "--blocks", BlockRange.Format(span), "--listen", $"127.0.0.1:{port}", "--name", name,
            "--announce", "--until-stdin-closes", .. options.Line.Arguments,
        ];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        if (options.Threads is { } count)
        {
            start.ArgumentList.Add("--threads");
            start.ArgumentList.Add(count.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }

        var process = Process.Start(start) ?? throw new DemoException($"Node {name} could not be started.");
        return new NodeProcess(name, span, process);
    }

    /// <summary>Waits until the node listens; returns its port.</summary>
    /// <exception cref="DemoException">It ended before; the message ends with its last lines.</exception>
    public async Task<int> WaitUntilReadyAsync(CancellationToken cancellationToken)
    {
        var first = await Task.WhenAny(_ready.Task, Exited).WaitAsync(cancellationToken);
        if (first == _ready.Task)
        {
            return await _ready.Task;
        }

        throw new DemoException($"Node {Name} (blocks {Span}) ended with code {await Exited} before it was ready.{Environment.NewLine}{LastLines()}");
    }

    /// <summary>What the node said last.</summary>
    public string LastLines()
    {
        lock (_log)
        {
            return string.Join(Environment.NewLine, _log);
        }
    }

    /// <summary>Asks the node to stop and ends it if it does not.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It is gone already.
        }

        try
        {
            await Exited.WaitAsync(GracefulStop, TimeProvider.System);
        }
        catch (TimeoutException)
        {
            _process.Kill(entireProcessTree: true);
            await Exited;
        }

        await Task.WhenAll(_errors, _output);
        _process.Dispose();
    }

    private async Task<int> ExitAsync()
    {
        await _process.WaitForExitAsync();
        // The last lines are read before anybody asks why.
        await Task.WhenAll(_errors, _output);
        return _process.ExitCode;
    }

    private async Task ReadErrorsAsync()
    {
        while (await _process.StandardError.ReadLineAsync() is { } line)
        {
            lock (_log)
            {
                if (_log.Count == KeptLogLines)
                {
                    _log.Dequeue();
                }

                _log.Enqueue(line);
            }
        }
    }

    private async Task ReadOutputAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.StartsWith('{') && !_ready.Task.IsCompleted)
            {
                using var announcement = JsonDocument.Parse(line);
                if (announcement.RootElement.GetProperty("event").ValueEquals("ready"))
                {
                    _ready.TrySetResult(announcement.RootElement.GetProperty("port").GetInt32());
                }
            }
        }
    }
}
