using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Skein.Lab.Agent;

/// <summary>A measuring instrument inside the laboratory: takes commands as lines of JSON, does them side by side, and answers each with a line.</summary>
/// <remarks>It runs as a process on a host, driven by <see cref="LabAgentClient"/>: <c>skein lab agent</c>.</remarks>
public sealed class LabAgent : IAsyncDisposable
{
    /// <summary>Commands at once; one that comes while so many run waits.</summary>
    private const int MostTasks = 32;

    /// <summary>The longest that one command may take.</summary>
    private const int LongestMilliseconds = 600_000;

    private const int MostSamples = 100_000;
    private const int LargestMessage = 1 << 20;
    private const int MostDatagrams = 1_000_000;
    private const int LargestDatagram = 1_400;
    private const int LongestAnswer = 256;

    /// <summary>Datagrams sent before a breath of a millisecond, so that no queue but the laboratory's decides.</summary>
    private const int DatagramsInARow = 10;

    private readonly TextReader _input;
    private readonly TextWriter _output;
    private readonly SemaphoreSlim _writing = new(1);
    private readonly List<AgentServer> _servers = [];

    private LabAgent(TextReader input, TextWriter output)
    {
        _input = input;
        _output = output;
    }

    /// <summary>Does what the input says until it ends.</summary>
    public static async Task RunAsync(TextReader input, TextWriter output, CancellationToken cancellationToken)
    {
        await using var agent = new LabAgent(input, output);
        await agent.RunAsync(cancellationToken);
    }

    /// <summary>Stops serving.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }

        _writing.Dispose();
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        using var places = new SemaphoreSlim(MostTasks);
        List<Task> running = [];
        while (await _input.ReadLineAsync(cancellationToken) is { } line)
        {
            await places.WaitAsync(cancellationToken);
            running.RemoveAll(task => task.IsCompletedSuccessfully);
            running.Add(HandleAsync(line, places, cancellationToken));
        }

        await Task.WhenAll(running);
    }

    private async Task HandleAsync(string line, SemaphoreSlim places, CancellationToken cancellationToken)
    {
        AgentReply reply;
        var id = 0;
        try
        {
            var command = JsonSerializer.Deserialize(line, AgentJson.Default.AgentCommand) ?? throw new JsonException("The line is null.");
            id = command.Id;
            using var limit = new CancellationTokenSource(TimeSpan.FromMilliseconds(LongestMilliseconds), TimeProvider.System);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
            reply = await DoAsync(command, both.Token);
        }
        catch (Exception error)
        {
            // Whatever it was, the one who asked is told; the agent goes on.
            reply = new AgentReply(id, error.Message);
        }

        places.Release();
        await _writing.WaitAsync(cancellationToken);
        try
        {
            await _output.WriteLineAsync(AgentJson.Write(reply).AsMemory(), cancellationToken);
            await _output.FlushAsync(cancellationToken);
        }
        finally
        {
            _writing.Release();
        }
    }

    private Task<AgentReply> DoAsync(AgentCommand command, CancellationToken cancellationToken) => command.Do switch
    {
        AgentTask.Serve => ServeAsync(command),
        AgentTask.RoundTrips => MeasureRoundTripsAsync(command, cancellationToken),
        AgentTask.Rate => MeasureRateAsync(command, cancellationToken),
        AgentTask.Datagrams => SendDatagramsAsync(command, cancellationToken),
        AgentTask.Observe => ObserveAsync(command, cancellationToken),
        AgentTask.Dial => DialAsync(command, cancellationToken),
        _ => throw new ArgumentException($"There is no task {command.Do}.", nameof(command)),
    };

    private Task<AgentReply> ServeAsync(AgentCommand command)
    {
        var server = new AgentServer(command.LocalPort);
        lock (_servers)
        {
            _servers.Add(server);
        }

        return Task.FromResult(new AgentReply(command.Id, Text: "serving"));
    }

    private static async Task<AgentReply> MeasureRoundTripsAsync(AgentCommand command, CancellationToken cancellationToken)
    {
        using var call = await CallAsync(command, AgentServer.Echo, cancellationToken);
        var message = new byte[Math.Clamp(command.Bytes, 1, LargestMessage)];
        var samples = new double[Math.Clamp(command.Count, 1, MostSamples)];
        var time = TimeProvider.System;

        // The first trip warms caches, timers and the code of both ends; it is not a sample.
        for (var i = -1; i < samples.Length; i++)
        {
            var began = time.GetTimestamp();
            await AgentSockets.SendAllAsync(call, message, cancellationToken);
            await AgentSockets.ReceiveAllAsync(call, message, cancellationToken);
            if (i >= 0)
            {
                samples[i] = Math.Round(time.GetElapsedTime(began).TotalMilliseconds, 3);
            }
        }

        return new AgentReply(command.Id, RoundTrips: samples);
    }

    private static async Task<AgentReply> MeasureRateAsync(AgentCommand command, CancellationToken cancellationToken)
    {
        using var call = await CallAsync(command, AgentServer.Sink, cancellationToken);
        var block = new byte[64 * 1_024];
        var time = TimeProvider.System;
        var began = time.GetTimestamp();
        while (time.GetElapsedTime(began).TotalMilliseconds < command.Milliseconds)
        {
            await AgentSockets.SendAllAsync(call, block, cancellationToken);
        }

        call.Shutdown(SocketShutdown.Send);
        var answer = Encoding.ASCII.GetString(await AgentSockets.ReceiveToEndAsync(call, LongestAnswer, cancellationToken));
        return new AgentReply(command.Id, BitsPerSecond: double.Parse(answer, CultureInfo.InvariantCulture));
    }

    private static async Task<AgentReply> SendDatagramsAsync(AgentCommand command, CancellationToken cancellationToken)
    {
        var target = IPEndPoint.Parse(command.Address ?? string.Empty);
        await AskCountAsync(command, cancellationToken);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        var datagram = new byte[Math.Clamp(command.Bytes, 1, LargestDatagram)];
        for (var i = 0; i < Math.Clamp(command.Count, 1, MostDatagrams); i++)
        {
            await socket.SendToAsync(datagram, target, cancellationToken);
            if (i % DatagramsInARow == DatagramsInARow - 1)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, cancellationToken);
            }
        }

        // The question takes the same line and so comes after the last datagram.
        return new AgentReply(command.Id, Count: await AskCountAsync(command, cancellationToken));
    }

    private static async Task<int> AskCountAsync(AgentCommand command, CancellationToken cancellationToken)
    {
        using var call = await CallAsync(command, AgentServer.Count, cancellationToken);
        var answer = Encoding.ASCII.GetString(await AgentSockets.ReceiveToEndAsync(call, LongestAnswer, cancellationToken));
        return int.Parse(answer, CultureInfo.InvariantCulture);
    }

    private static async Task<AgentReply> ObserveAsync(AgentCommand command, CancellationToken cancellationToken)
    {
        using var call = await CallAsync(command, AgentServer.Reflect, cancellationToken);
        var answer = await AgentSockets.ReceiveToEndAsync(call, LongestAnswer, cancellationToken);
        return new AgentReply(command.Id, Text: Encoding.ASCII.GetString(answer));
    }

    private static async Task<AgentReply> DialAsync(AgentCommand command, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMilliseconds(command.Milliseconds), TimeProvider.System);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        using var call = AgentSockets.Bound(command.LocalPort);
        try
        {
            await call.ConnectAsync(IPEndPoint.Parse(command.Address ?? string.Empty), both.Token);
            await GreetAsync(call, both.Token);
            return new AgentReply(command.Id, Text: "connected");
        }
        catch (SocketException error)
        {
            return new AgentReply(command.Id, Text: error.SocketErrorCode.ToString());
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            return new AgentReply(command.Id, Text: nameof(SocketError.TimedOut));
        }
    }

    /// <summary>Both ends send a byte and wait for the other's: only then is it a connection.</summary>
    private static async Task GreetAsync(Socket call, CancellationToken cancellationToken)
    {
        var greeting = new[] { AgentServer.Greeting };
        await AgentSockets.SendAllAsync(call, greeting, cancellationToken);
        await AgentSockets.ReceiveAllAsync(call, greeting, cancellationToken);
    }

    private static async Task<Socket> CallAsync(AgentCommand command, byte wanted, CancellationToken cancellationToken)
    {
        var call = AgentSockets.Bound(command.LocalPort);
        try
        {
            await call.ConnectAsync(IPEndPoint.Parse(command.Address ?? string.Empty), cancellationToken);
            await AgentSockets.SendAllAsync(call, new[] { wanted }, cancellationToken);
            return call;
        }
        catch
        {
            call.Dispose();
            throw;
        }
    }
}
