using Skein.Lab.Errors;
using Skein.Lab.Hosts;

namespace Skein.Lab.Scenarios;

/// <summary>Builds the laboratory of a scenario, starts its processes, lets its events happen and reports.</summary>
/// <remarks>It runs once. <see cref="ApplyAsync"/> may be called from any thread while it does. Disposing takes the laboratory away.</remarks>
public sealed class LabRunner : IAsyncDisposable
{
    /// <summary>Lines of each process that the report keeps.</summary>
    private const int ReportedLines = 50;

    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(1);

    /// <summary>How long a process may take until it says that it is ready: some load a model first.</summary>
    private static readonly TimeSpan ReadyPatience = TimeSpan.FromSeconds(60);

    private readonly Lock _gate = new();
    private readonly List<(ScenarioProcess Plan, LabProcess Process)> _started = [];
    private readonly List<LabReportEvent> _happened = [];
    private readonly LabScenario _scenario;
    private readonly TimeProvider _time;
    private readonly IProgress<string>? _told;

    private LabRunner(LabScenario scenario, Laboratory lab, TimeProvider time, IProgress<string>? told)
    {
        _scenario = scenario;
        Lab = lab;
        _time = time;
        _told = told;
    }

    /// <summary>The laboratory.</summary>
    public Laboratory Lab { get; }

    /// <summary>Builds the laboratory of a scenario; nothing runs in it yet.</summary>
    /// <param name="scenario">The scenario.</param>
    /// <param name="time">Where time comes from.</param>
    /// <param name="told">Hears in a line each what happens.</param>
    /// <param name="cancellationToken">Stops building; nothing is left behind.</param>
    /// <exception cref="LabException">As <see cref="Laboratory.CreateAsync"/>.</exception>
    public static async Task<LabRunner> CreateAsync(LabScenario scenario, TimeProvider time, IProgress<string>? told, CancellationToken cancellationToken) =>
        new(scenario, await Laboratory.CreateAsync(scenario.Topology, cancellationToken), time, told);

    /// <summary>Runs the scenario to its end.</summary>
    /// <param name="stop">Ends it before; it reports all the same.</param>
    /// <exception cref="LabException"><see cref="LabError.Process"/>: a process did not become ready; <see cref="LabError.Scenario"/>: an event asked for what cannot be.</exception>
    public async Task<LabReport> RunAsync(CancellationToken stop)
    {
        var began = _time.GetTimestamp();
        try
        {
            foreach (var plan in _scenario.Processes)
            {
                await StartAsync(plan, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return Report("stopped", TimeSpan.Zero);
        }

        began = _time.GetTimestamp();
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var events = PlayAsync(began, over.Token);
        var processes = WaitForProcessesAsync(over.Token);
        var duration = Task.Delay(_scenario.Duration ?? Timeout.InfiniteTimeSpan, _time, over.Token);
        var first = await Task.WhenAny(events, processes, duration);
        var elapsed = _time.GetElapsedTime(began);
        await over.CancelAsync();
        await Task.WhenAll(events, processes, duration).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (first.IsFaulted)
        {
            await first;
        }

        return Report(stop.IsCancellationRequested ? "stopped" : first == processes ? "processes" : "duration", elapsed);
    }

    /// <summary>Does something to the running laboratory.</summary>
    /// <exception cref="LabException">
    /// <see cref="LabError.Process"/>: a process that was started did not become ready; <see cref="LabError.Scenario"/>: the change cannot be; <see cref="LabError.Unknown"/>: there is nothing to start.
    /// </exception>
    public async Task ApplyAsync(LabEvent command, CancellationToken cancellationToken)
    {
        _told?.Report(command.ToString());
        switch (command.Action)
        {
            case LabAction.Cut:
                Lines(command).ForEach(line => Lab.Cut(line.One, line.Other));
                break;
            case LabAction.Heal:
                Lines(command).ForEach(line => Lab.Heal(line.One, line.Other));
                break;
            case LabAction.Slow:
                Lines(command).ForEach(line => Slow(command, line.One, line.Other));
                break;
            case LabAction.Kill:
                Lab.Host(command.Hosts[0]).Kill();
                break;
            case LabAction.Freeze:
                Lab.Host(command.Hosts[0]).Freeze();
                break;
            case LabAction.Thaw:
                Lab.Host(command.Hosts[0]).Thaw();
                break;
            case LabAction.Start:
                var plan = _scenario.Processes.FirstOrDefault(process => process.Host == command.Hosts[0])
                    ?? throw new LabException(LabError.Unknown, $"The scenario has no process for host {command.Hosts[0]}.");
                await StartAsync(plan, cancellationToken);
                break;
            default:
                throw new LabException(LabError.Unknown, $"There is no action {command.Action}.");
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Lab.DisposeAsync();

    private void Slow(LabEvent command, string one, string other)
    {
        try
        {
            Lab.SetLink(one, other, command.Change.Apply(Lab.LinkOf(one, other)));
            Lab.SetLink(other, one, command.Change.Apply(Lab.LinkOf(other, one)));
        }
        catch (ArgumentException error)
        {
            throw new LabException(LabError.Scenario, $"\"{command}\": {error.Message}", error);
        }
    }

    private List<(string One, string Other)> Lines(LabEvent command) => command.Hosts.Count == 2
        ? [(command.Hosts[0], command.Hosts[1])]
        : [.. Lab.Hosts.Where(other => other.Name != command.Hosts[0]).Select(other => (command.Hosts[0], other.Name))];

    private async Task StartAsync(ScenarioProcess plan, CancellationToken cancellationToken)
    {
        var command = plan.Command.Select(Replace).ToArray();
        _told?.Report($"On {plan.Host}: {string.Join(' ', command)}");
        var variables = plan.Environment.ToDictionary(variable => variable.Key, variable => Replace(variable.Value), StringComparer.Ordinal);
        var process = Lab.Host(plan.Host).Start(command[0], command[1..], variables);
        lock (_gate)
        {
            _started.Add((plan, process));
        }

        if (plan.Ready is { } ready)
        {
            await process.WaitForLineAsync(ready, ReadyPatience, cancellationToken);
        }
    }

    private string Replace(string text) =>
        ScenarioReader.StandIn().Replace(text, match => Lab.Host(match.Groups["host"].Value).PublicAddress.ToString());

    /// <summary>Lets all events happen, each at its time; then waits, as a scenario does not end with its last event.</summary>
    private async Task PlayAsync(long began, CancellationToken cancellationToken)
    {
        foreach (var happening in _scenario.Events)
        {
            // Timers count whole milliseconds and may be early by one or two: an event never is.
            while (happening.At - _time.GetElapsedTime(began) is var wait && wait > TimeSpan.Zero)
            {
                await Task.Delay(wait < ShortestWait ? ShortestWait : wait, _time, cancellationToken);
            }

            var now = _time.GetElapsedTime(began);
            await ApplyAsync(happening, cancellationToken);
            lock (_gate)
            {
                _happened.Add(new LabReportEvent(happening.At, now, happening.ToString()));
            }
        }

        await Task.Delay(Timeout.InfiniteTimeSpan, _time, cancellationToken);
    }

    private async Task WaitForProcessesAsync(CancellationToken cancellationToken)
    {
        if (!_scenario.Processes.Any(plan => plan.Wait))
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, _time, cancellationToken);
        }

        // Looked at anew after each end, as an event may have started another.
        while (FirstWaitedFor() is { } process)
        {
            await process.WaitForExitAsync(Timeout.InfiniteTimeSpan, cancellationToken);
        }
    }

    private LabProcess? FirstWaitedFor()
    {
        lock (_gate)
        {
            return _started.FirstOrDefault(started => started.Plan.Wait && !started.Process.HasExited).Process;
        }
    }

    private LabReport Report(string ended, TimeSpan elapsed)
    {
        lock (_gate)
        {
            return new LabReport(
                ended,
                elapsed,
                [.. _happened],
                [.. _started.Select(started => Report(started.Process))],
                Lab.Counters(),
                Lab.Load);
        }
    }

    private static LabReportProcess Report(LabProcess process) =>
        new(process.Host, process.Command, process.ExitCode, [.. process.Lines.TakeLast(ReportedLines)]);
}
