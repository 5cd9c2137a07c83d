using System.Diagnostics;
using System.Text;
using Skein.Lab.Errors;
using Skein.Lab.Kernel;

namespace Skein.Lab.Hosts;

/// <summary>A process on a host of the laboratory.</summary>
/// <remarks>Its last lines are kept, the rest of its output is read and forgotten. Thread-safe.</remarks>
public sealed class LabProcess : IAsyncDisposable
{
    /// <summary>Lines kept: enough for the report of a failure.</summary>
    private const int MostLines = 2_000;

    /// <summary>A longer line is cut: a process that prints without end must not fill the memory of the laboratory.</summary>
    private const int LongestLine = 64 * 1_024;

    private const int Death = 9;
    private const int Continue = 18;
    private const int Stop = 19;
    private const int Terminate = 15;

    private readonly Lock _gate = new();
    private readonly Queue<string> _lines = new();
    private readonly List<TaskCompletionSource> _waiters = [];
    private readonly Process _process;
    private readonly Task _reading;
    private bool _ended;
    private bool _disposed;
    private int? _exitCode;

    private LabProcess(string host, string command, Process process)
    {
        Host = host;
        Command = command;
        _process = process;
        Id = process.Id;
        _reading = ReadAllAsync();
    }

    /// <summary>Host that it runs on.</summary>
    public string Host { get; }

    /// <summary>What was started, for people.</summary>
    public string Command { get; }

    /// <summary>Its number, the same inside and outside.</summary>
    public int Id { get; }

    /// <summary>Whether it has ended.</summary>
    public bool HasExited => ExitCode is not null;

    /// <summary>Its exit code, 137 when it was killed; null while it runs.</summary>
    public int? ExitCode
    {
        get
        {
            lock (_gate)
            {
                if (!_disposed && _process.HasExited)
                {
                    _exitCode = _process.ExitCode;
                }

                return _exitCode;
            }
        }
    }

    /// <summary>The last lines of both output streams, in the order they came.</summary>
    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_gate)
            {
                return [.. _lines];
            }
        }
    }

    /// <summary>Writes a line to its input.</summary>
    public async Task WriteLineAsync(string line, CancellationToken cancellationToken)
    {
        await _process.StandardInput.WriteLineAsync(line.AsMemory(), cancellationToken);
        await _process.StandardInput.FlushAsync(cancellationToken);
    }

    /// <summary>Waits for a line that contains a text, among those kept and those to come.</summary>
    /// <returns>The line.</returns>
    /// <exception cref="LabException"><see cref="LabError.Process"/>: it did not come in time, or the process ended without; the message carries the last lines.</exception>
    public async Task<string> WaitForLineAsync(string text, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(patience, TimeProvider.System);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        while (true)
        {
            Task change;
            lock (_gate)
            {
                if (_lines.FirstOrDefault(line => line.Contains(text, StringComparison.Ordinal)) is { } found)
                {
                    return found;
                }

                if (_ended)
                {
                    throw Failure($"ended without printing \"{text}\"");
                }

                var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _waiters.Add(waiter);
                change = waiter.Task;
            }

            try
            {
                await change.WaitAsync(both.Token);
            }
            catch (OperationCanceledException) when (limit.IsCancellationRequested)
            {
                throw Failure($"did not print \"{text}\" within {patience.TotalSeconds:0.#} s");
            }
        }
    }

    /// <summary>Waits until it has ended and all its output is read.</summary>
    /// <returns>Its exit code.</returns>
    /// <exception cref="LabException"><see cref="LabError.Process"/>: it did not end in time.</exception>
    public async Task<int> WaitForExitAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(patience, TimeProvider.System);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await _process.WaitForExitAsync(both.Token);
            await _reading.WaitAsync(both.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            throw Failure($"did not end within {patience.TotalSeconds:0.#} s");
        }

        return ExitCode ?? throw Failure("ended without an exit code");
    }

    /// <summary>Kills it without a chance to say farewell, as a power cut does.</summary>
    public void Kill() => Signal(Death);

    /// <summary>Asks it to end.</summary>
    public void End() => Signal(Terminate);

    /// <summary>Stops it in its tracks: it holds its connections and answers nothing.</summary>
    public void Freeze() => Signal(Stop);

    /// <summary>Lets it go on.</summary>
    public void Thaw() => Signal(Continue);

    /// <summary>Kills it and waits until it is gone; its exit code and last lines stay.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }
        }

        Kill();
        await _process.WaitForExitAsync();

        // A grandchild may hold the output open: the namespace's own clean-up ends it, and with it the reading.
        await Task.WhenAny(_reading, Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System));
        _ = ExitCode;
        lock (_gate)
        {
            _disposed = true;
            _process.Dispose();
        }
    }

    /// <summary>Starts a process in a namespace.</summary>
    internal static LabProcess Start(string host, NetworkNamespace place, string program, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string>? environment)
    {
        var ip = SystemTool.Find("ip") ?? throw new LabException(LabError.Requirement, "The tool ip is not installed.");

        // ip replaces itself by the program: the process started here is the program's own.
        var start = new ProcessStartInfo(ip, place.Enter(program, arguments))
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            start.Environment[name] = value;
        }

        var process = Process.Start(start) ?? throw new LabException(LabError.Tool, $"{ip} did not start.");
        return new LabProcess(host, string.Join(' ', [program, .. arguments]), process);
    }

    private void Signal(int signal)
    {
        // It may end in between; the kernel gives its number to another only after going through all the others.
        if (!HasExited)
        {
            _ = LinuxCalls.Signal(Id, signal);
        }
    }

    private LabException Failure(string what) => new(
        LabError.Process,
        $"On host {Host}, \"{Command}\" {what}. Its last lines:\n  " + string.Join("\n  ", Lines.TakeLast(20)));

    private async Task ReadAllAsync()
    {
        await Task.WhenAll(ReadAsync(_process.StandardOutput), ReadAsync(_process.StandardError));
        lock (_gate)
        {
            _ended = true;
            Tell();
        }
    }

    private async Task ReadAsync(StreamReader reader)
    {
        var buffer = new char[4_096];
        var line = new StringBuilder();
        try
        {
            int count;
            while ((count = await reader.ReadAsync(buffer)) > 0)
            {
                for (var i = 0; i < count; i++)
                {
                    var character = buffer[i];
                    if (character == '\n')
                    {
                        Add(line.ToString().TrimEnd('\r'));
                        line.Clear();
                    }
                    else if (line.Length < LongestLine)
                    {
                        line.Append(character);
                    }
                }
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // The process was disposed while something still held its output: there is nothing more to read.
        }

        if (line.Length > 0)
        {
            Add(line.ToString());
        }
    }

    private void Add(string line)
    {
        lock (_gate)
        {
            _lines.Enqueue(line);
            if (_lines.Count > MostLines)
            {
                _lines.Dequeue();
            }

            Tell();
        }
    }

    private void Tell()
    {
        foreach (var waiter in _waiters)
        {
            waiter.TrySetResult();
        }

        _waiters.Clear();
    }
}
