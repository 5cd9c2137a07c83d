using System.Net;
using System.Text.Json;
using Skein.Lab.Errors;
using Skein.Lab.Hosts;
using Skein.Lab.Units;

namespace Skein.Lab.Agent;

/// <summary>Drives the <see cref="LabAgent"/> on one host: what does the network look like from there?</summary>
/// <remarks>Thread-safe: several questions may be asked at once. Every failure is a <see cref="LabException"/> that says on which host.</remarks>
public sealed class LabAgentClient
{
    /// <summary>How much longer than the measurement itself an answer may take.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

    private readonly LabProcess _process;
    private int _last;

    private LabAgentClient(LabProcess process)
    {
        _process = process;
    }

    /// <summary>Starts an agent.</summary>
    /// <param name="host">Where.</param>
    /// <param name="program">The program that contains the agent.</param>
    /// <param name="arguments">Arguments that make it one: <c>lab agent</c> for <c>skein</c>.</param>
    public static LabAgentClient Start(LabHost host, string program, IReadOnlyList<string> arguments) => new(host.Start(program, arguments));

    /// <summary>Serves the other agents on a port.</summary>
    public Task ServeAsync(int port, CancellationToken cancellationToken) =>
        AskAsync(new AgentCommand(0, AgentTask.Serve, LocalPort: port), TimeSpan.Zero, cancellationToken);

    /// <summary>Measures round trips over one connection, one after the other.</summary>
    /// <param name="server">A serving agent.</param>
    /// <param name="count">How many.</param>
    /// <param name="bytes">Size of each message.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>Each trip, in milliseconds.</returns>
    public async Task<IReadOnlyList<double>> MeasureRoundTripsAsync(IPEndPoint server, int count, int bytes, CancellationToken cancellationToken)
    {
        var reply = await AskAsync(new AgentCommand(0, AgentTask.RoundTrips, server.ToString(), Count: count, Bytes: bytes), TimeSpan.FromSeconds(count), cancellationToken);
        return reply.RoundTrips ?? [];
    }

    /// <summary>Measures how fast one connection brings bytes to a server once it has settled.</summary>
    /// <param name="server">A serving agent.</param>
    /// <param name="duration">How long to send; over a second.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>Rate of the payload; the packets' own is about 4 % more.</returns>
    public async Task<BitRate> MeasureRateAsync(IPEndPoint server, TimeSpan duration, CancellationToken cancellationToken)
    {
        var reply = await AskAsync(new AgentCommand(0, AgentTask.Rate, server.ToString(), Milliseconds: (int)duration.TotalMilliseconds), duration, cancellationToken);
        return new BitRate((long)reply.BitsPerSecond);
    }

    /// <summary>Sends datagrams, ten a millisecond.</summary>
    /// <returns>How many arrived.</returns>
    public async Task<int> SendDatagramsAsync(IPEndPoint server, int count, int bytes, CancellationToken cancellationToken)
    {
        var reply = await AskAsync(new AgentCommand(0, AgentTask.Datagrams, server.ToString(), Count: count, Bytes: bytes), TimeSpan.FromMilliseconds(count), cancellationToken);
        return reply.Count;
    }

    /// <summary>Asks a server which address a connection from a port of this host has, seen from there.</summary>
    public async Task<IPEndPoint> ObserveAsync(int localPort, IPEndPoint server, CancellationToken cancellationToken)
    {
        var reply = await AskAsync(new AgentCommand(0, AgentTask.Observe, server.ToString(), localPort), TimeSpan.Zero, cancellationToken);
        return IPEndPoint.Parse(reply.Text ?? string.Empty);
    }

    /// <summary>Calls an address from a port that this host may also listen on; the other side may call at the same time (TCP simultaneous open).</summary>
    /// <returns><c>connected</c> when both have greeted, otherwise the socket's error: <c>ConnectionRefused</c>, <c>TimedOut</c>.</returns>
    public async Task<string> DialAsync(int localPort, IPEndPoint remote, TimeSpan patience, CancellationToken cancellationToken)
    {
        var reply = await AskAsync(new AgentCommand(0, AgentTask.Dial, remote.ToString(), localPort, Milliseconds: (int)patience.TotalMilliseconds), patience, cancellationToken);
        return reply.Text ?? string.Empty;
    }

    private async Task<AgentReply> AskAsync(AgentCommand command, TimeSpan duration, CancellationToken cancellationToken)
    {
        var id = Interlocked.Increment(ref _last);
        await _process.WriteLineAsync(AgentJson.Write(command with { Id = id }), cancellationToken);

        var line = await _process.WaitForLineAsync(AgentJson.Beginning(id), duration + Grace, cancellationToken);
        var reply = JsonSerializer.Deserialize(line, AgentJson.Default.AgentReply)
            ?? throw new LabException(LabError.Process, $"The agent on host {_process.Host} answered with nothing.");
        return reply.Error is null
            ? reply
            : throw new LabException(LabError.Process, $"On host {_process.Host}, {command.Do} {command.Address} failed: {reply.Error}");
    }
}
