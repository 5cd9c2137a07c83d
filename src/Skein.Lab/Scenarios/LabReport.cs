using Skein.Lab.Router;

namespace Skein.Lab.Scenarios;

/// <summary>What came of a scenario.</summary>
/// <param name="Ended">Why it was over: <c>duration</c>, <c>processes</c> or <c>stopped</c>.</param>
/// <param name="Elapsed">How long it ran once all processes were ready.</param>
/// <param name="Events">What happened, in order.</param>
/// <param name="Processes">What became of the processes, in the order they were started.</param>
/// <param name="Links">What happened on the lines that carried anything.</param>
/// <param name="Router">How well the router kept time.</param>
public sealed record LabReport(
    string Ended,
    TimeSpan Elapsed,
    IReadOnlyList<LabReportEvent> Events,
    IReadOnlyList<LabReportProcess> Processes,
    IReadOnlyList<LinkCounters> Links,
    RouterLoad Router);
