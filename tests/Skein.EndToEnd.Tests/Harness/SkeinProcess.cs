using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace Skein.EndToEnd.Tests.Harness;

/// <summary>The program in a process of its own, as a user runs it.</summary>
internal sealed class SkeinProcess : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();
    private readonly Task _reading;
    private readonly TaskCompletionSource<string> _firstLine = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private SkeinProcess(Process process)
    {
        _process = process;
        _reading = Task.WhenAll(ReadAsync(process.StandardOutput, _output, _firstLine), ReadAsync(process.StandardError, _errors, null));
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public string Output => Snapshot(_output);

    public string Errors => Snapshot(_errors);

    public static SkeinProcess Start(params string[] arguments) => Start(null, arguments);

    public static SkeinProcess Start(IReadOnlyDictionary<string, string>? environment, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Repository.Root,
            UseShellExecute = false,
        };
        start.ArgumentList.Add(Repository.Program);
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in environment ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            start.Environment[name] = value;
        }

        return new SkeinProcess(Process.Start(start)!);
    }

    /// <summary>Runs to the end.</summary>
    public static Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] arguments) => RunAsync(null, arguments);

    /// <summary>Runs to the end.</summary>
    public static async Task<(int ExitCode, string Output, string Errors)> RunAsync(IReadOnlyDictionary<string, string>? environment, params string[] arguments)
    {
        await using var process = Start(environment, arguments);
        process.CloseInput();
        var code = await process.WaitAsync();
        return (code, process.Output, process.Errors);
    }

    public void WriteLine(string line) => _process.StandardInput.WriteLine(line);

    public void CloseInput() => _process.StandardInput.Close();

    public async Task<int> WaitAsync(TimeSpan? patience = null)
    {
        try
        {
            await _process.WaitForExitAsync().WaitAsync(patience ?? Patience);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"'{string.Join(' ', _process.StartInfo.ArgumentList)}' did not end in time.\nOutput: {Output}\nErrors: {Errors}");
        }

        await _reading;
        return _process.ExitCode;
    }

    /// <summary>Waits for the JSON line of <c>node --announce</c> and returns the port.</summary>
    public async Task<int> WaitForPortAsync()
    {
        var first = await Task.WhenAny(_firstLine.Task, _process.WaitForExitAsync()).WaitAsync(Patience);
        if (first != _firstLine.Task && !_firstLine.Task.IsCompleted)
        {
            await _reading;
            Assert.Fail($"The node ended before it was ready.\nErrors: {Errors}");
        }

        using var announcement = JsonDocument.Parse(await _firstLine.Task);
        return announcement.RootElement.GetProperty("port").GetInt32();
    }

    /// <summary>A text of the JSON line of <c>node --announce</c>, after <see cref="WaitForPortAsync"/>.</summary>
    public string Announced(string property)
    {
        using var announcement = JsonDocument.Parse(Output[..Output.IndexOf('\n', StringComparison.Ordinal)]);
        return announcement.RootElement.GetProperty(property).GetString()!;
    }

    /// <summary>Waits until standard output holds a text.</summary>
    public async Task<string> WaitForOutputAsync(string text)
    {
        var deadline = Stopwatch.StartNew();
        while (!Output.Contains(text, StringComparison.Ordinal))
        {
            if (_process.HasExited || deadline.Elapsed > Patience)
            {
                Assert.Fail($"'{text}' never appeared.\nOutput: {Output}\nErrors: {Errors}");
            }

            await Task.Delay(20);
        }

        return Output;
    }

    /// <summary>What Ctrl-C sends.</summary>
    public void Interrupt() => Signals.Send(_process.Id, Signals.Interrupt);

    /// <summary>What a crash of the machine looks like to the others.</summary>
    public void Kill() => _process.Kill();

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        await _reading;
        _process.Dispose();
    }

    private static string Snapshot(StringBuilder text)
    {
        lock (text)
        {
            return text.ToString();
        }
    }

    private static async Task ReadAsync(StreamReader reader, StringBuilder text, TaskCompletionSource<string>? firstLine)
    {
        var buffer = new char[4096];
        while (await reader.ReadAsync(buffer) is var count && count > 0)
        {
            string soFar;
            lock (text)
            {
                text.Append(buffer, 0, count);
                soFar = text.ToString();
            }

            if (firstLine is { Task.IsCompleted: false } && soFar.IndexOf('\n', StringComparison.Ordinal) is var end and >= 0)
            {
                firstLine.TrySetResult(soFar[..end]);
            }
        }
    }
}
