using System.Diagnostics;
using System.Net.Sockets;
using System.Text.Json;
using Skein.Lab.Errors;
using Skein.Lab.Hosts;

namespace Skein.Lab.Control;

/// <summary>What can be done with a laboratory that another process of this machine runs.</summary>
public static class LabCommands
{
    /// <summary>How long a laboratory may take to answer; starting a process in it may load a model.</summary>
    private static readonly TimeSpan AnswerPatience = TimeSpan.FromSeconds(90);

    /// <summary>Names of the laboratories that run on this machine.</summary>
    public static IReadOnlyList<string> List() =>
        [.. NetworkNamespace.List().Where(name => name.OwnerLives).Select(name => name.Run).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>Asks how a laboratory is.</summary>
    /// <param name="laboratory">Its name; null for the only one there is.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="LabException"><see cref="LabError.Unknown"/>: there is none, or more than one, or it takes no commands.</exception>
    public static Task<LabStatus> StatusAsync(string? laboratory, CancellationToken cancellationToken) => AskAsync(laboratory, string.Empty, cancellationToken);

    /// <summary>Does something to a laboratory.</summary>
    /// <param name="laboratory">Its name; null for the only one there is.</param>
    /// <param name="command">An event of a scenario without its time, as JSON in one line: <c>{"cut": ["anna", "ben"]}</c>.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>How it is afterwards.</returns>
    /// <exception cref="LabException"><see cref="LabError.Unknown"/>: as for <see cref="StatusAsync"/>; <see cref="LabError.Scenario"/>: the command is wrong; the message says how.</exception>
    public static Task<LabStatus> ApplyAsync(string? laboratory, string command, CancellationToken cancellationToken) => AskAsync(laboratory, command, cancellationToken);

    /// <summary>Runs a program on a host, with this process's input and output, and waits for its end.</summary>
    /// <param name="laboratory">Name of the laboratory; null for the only one there is.</param>
    /// <param name="host">Name of the host.</param>
    /// <param name="command">Program and arguments.</param>
    /// <param name="cancellationToken">Kills it.</param>
    /// <returns>Its exit code.</returns>
    /// <exception cref="LabException"><see cref="LabError.Unknown"/>: there is no such laboratory or host.</exception>
    public static async Task<int> ExecuteAsync(string? laboratory, string host, IReadOnlyList<string> command, CancellationToken cancellationToken)
    {
        var name = Choose(laboratory);
        var places = NetworkNamespace.List().Where(place => place.OwnerLives && place.Run == name).ToArray();
        if (!places.Any(place => place.Host == host))
        {
            throw new LabException(LabError.Unknown, $"There is no host \"{host}\" in {name}; there are {string.Join(", ", places.Select(place => place.Host))}.");
        }

        var inside = NetworkNamespace.Existing(places.First(place => place.Host == host));
        var ip = SystemTool.Find("ip") ?? throw new LabException(LabError.Requirement, "The tool ip is not installed.");
        using var process = Process.Start(new ProcessStartInfo(ip, inside.Enter(command[0], command.Skip(1))) { UseShellExecute = false })
            ?? throw new LabException(LabError.Tool, $"{ip} did not start.");
        try
        {
            await process.WaitForExitAsync(cancellationToken);
            return process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    private static async Task<LabStatus> AskAsync(string? laboratory, string line, CancellationToken cancellationToken)
    {
        var name = Choose(laboratory);
        using var limit = new CancellationTokenSource(AnswerPatience, TimeProvider.System);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(ControlSocket.PathOf(name)), both.Token);
            await ControlSocket.WriteLineAsync(socket, line.ReplaceLineEndings(" "), both.Token);
            var reply = JsonSerializer.Deserialize(await ControlSocket.ReadLineAsync(socket, both.Token), ControlJson.Default.ControlReply);
            return reply switch
            {
                { Status: { } status } => status,
                _ => throw new LabException(LabError.Scenario, reply?.Error ?? $"The laboratory {name} answered with nothing."),
            };
        }
        catch (SocketException error)
        {
            throw new LabException(LabError.Unknown, $"The laboratory {name} takes no commands: {error.Message}. Run this as root, and the laboratory from a scenario.", error);
        }
        catch (InvalidDataException error)
        {
            throw new LabException(LabError.Unknown, $"The laboratory {name} hung up without an answer; it may just have ended.", error);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            throw new LabException(LabError.Process, $"The laboratory {name} did not answer within {AnswerPatience.TotalSeconds:0} s.");
        }
    }

    private static string Choose(string? laboratory)
    {
        var all = List();
        if (laboratory is not null)
        {
            return all.Contains(laboratory, StringComparer.Ordinal)
                ? laboratory
                : throw new LabException(LabError.Unknown, $"There is no laboratory \"{laboratory}\"; there are: {string.Join(", ", all)}");
        }

        return all.Count switch
        {
            1 => all[0],
            0 => throw new LabException(LabError.Unknown, "No laboratory runs on this machine."),
            _ => throw new LabException(LabError.Unknown, $"{all.Count} laboratories run on this machine; name one of {string.Join(", ", all)}"),
        };
    }
}
