using System.Net.Sockets;
using System.Text.Json;
using Skein.Lab.Errors;
using Skein.Lab.Scenarios;

namespace Skein.Lab.Control;

/// <summary>Lets other processes of this machine's root command a running laboratory: cut, heal, slow, kill, and ask how it is.</summary>
public sealed class LabControlServer : IAsyncDisposable
{
    /// <summary>Callers at once: a person and a script or two.</summary>
    private const int MostCallers = 8;

    /// <summary>A caller that says nothing is hung up on.</summary>
    private static readonly TimeSpan CallerPatience = TimeSpan.FromSeconds(5);

    private readonly LabRunner _runner;
    private readonly TimeProvider _time;
    private readonly Socket _listener;
    private readonly string _path;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _serving;

    private LabControlServer(LabRunner runner, TimeProvider time)
    {
        _runner = runner;
        _time = time;
        _path = ControlSocket.PathOf(runner.Lab.Name);
        _listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        _listener.Bind(new UnixDomainSocketEndPoint(_path));
        if (!OperatingSystem.IsWindows())
        {
            // Always so: there is no laboratory on Windows. The mode keeps out whoever is not root, whatever the umask was.
            File.SetUnixFileMode(_path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        _listener.Listen(MostCallers);
        _serving = ServeAsync();
    }

    /// <summary>Opens the control socket of a runner's laboratory.</summary>
    public static LabControlServer Start(LabRunner runner, TimeProvider time) => new(runner, time);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _serving;
        _listener.Dispose();
        File.Delete(_path);
        _stop.Dispose();
    }

    /// <summary>One caller after the other: commands are short, and their order means something.</summary>
    private async Task ServeAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                using var caller = await _listener.AcceptAsync(_stop.Token);
                using var patience = new CancellationTokenSource(CallerPatience, _time);
                using var both = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, _stop.Token);
                var line = await ControlSocket.ReadLineAsync(caller, both.Token);
                var reply = JsonSerializer.Serialize(await AnswerAsync(line), ControlJson.Default.ControlReply);
                await ControlSocket.WriteLineAsync(caller, reply, _stop.Token);
            }
            catch (Exception error) when (error is OperationCanceledException or SocketException or InvalidDataException)
            {
                // A caller that says nothing, hangs up or talks nonsense is no reason to stop serving the next.
            }
        }
    }

    private async Task<ControlReply> AnswerAsync(byte[] line)
    {
        try
        {
            if (line.Length > 0)
            {
                await _runner.ApplyAsync(LabScenario.ParseCommand(line, _runner.Lab.Hosts.Select(host => host.Name)), _stop.Token);
            }

            return new ControlReply(null, Status());
        }
        catch (LabException error)
        {
            return new ControlReply(error.Message, null);
        }
    }

    private LabStatus Status()
    {
        var lab = _runner.Lab;
        return new LabStatus(
            lab.Name,
            [
                .. lab.Hosts.Select(host => new LabHostStatus(
                    host.Name,
                    host.PublicAddress.ToString(),
                    host.OwnAddress.ToString(),
                    host.Settings.Nat.ToString(),
                    host.Namespace,
                    [.. host.Processes.Where(process => !process.HasExited).Select(process => process.Id)])),
            ],
            lab.Counters(),
            lab.Load);
    }
}
