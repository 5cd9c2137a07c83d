using System.Diagnostics;
using System.Text.Json;

namespace Skein.Cli.Demo;

/// <summary>This program once more in a process of its own, which ends when this one does.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    // Enough to see why it died, bounded because it may talk for days.
    private const int KeptLogLines = 40;

    private static readonly TimeSpan GracefulStop = TimeSpan.FromSeconds(5);

    private readonly string _name;
    private readonly Process _process;
    private readonly Queue<string> _log = new();
    private readonly Task _errors;
    private readonly Task _output;
    private readonly TaskCompletionSource<string> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ChildProcess(string name, Process process)
    {
        _name = name;
        _process = process;
        _errors = ReadErrorsAsync();
        _output = ReadOutputAsync();
        Exited = ExitAsync();
    }

    /// <summary>Its process id.</summary>
    public int Id => _process.Id;

    /// <summary>Completes with the exit code when the process ends.</summary>
    public Task<int> Exited { get; }

    /// <summary>Starts it. The command must end when its standard input does, and print a line of JSON with <c>event</c> ready and its <c>address</c>.</summary>
    /// <param name="name">What people call it.</param>
    /// <param name="arguments">Command and options.</param>
    public static ChildProcess Start(string name, IEnumerable<string> arguments)
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
            start.ArgumentList.Add(typeof(ChildProcess).Assembly.Location);
        }

        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        var process = Process.Start(start) ?? throw new DemoException($"{name} could not be started.");
        return new ChildProcess(name, process);
    }

    /// <summary>Waits until it is ready; returns its multiaddr.</summary>
    /// <exception cref="DemoException">It ended before; the message ends with its last lines.</exception>
    public async Task<string> WaitUntilReadyAsync(CancellationToken cancellationToken)
    {
        var first = await Task.WhenAny(_ready.Task, Exited).WaitAsync(cancellationToken);
        if (first == _ready.Task)
        {
            return await _ready.Task;
        }

        throw new DemoException($"{_name} ended with code {await Exited} before it was ready.{Environment.NewLine}{LastLines()}");
    }

    /// <summary>What it said last.</summary>
    public string LastLines()
    {
        lock (_log)
        {
            return string.Join(Environment.NewLine, _log);
        }
    }

    /// <summary>Asks it to stop and ends it if it does not.</summary>
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
                    _ready.TrySetResult(announcement.RootElement.GetProperty("address").GetString()!);
                }
            }
        }
    }
}
