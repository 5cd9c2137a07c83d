namespace Skein.Lab.Scenarios;

/// <summary>What became of a process of a scenario.</summary>
/// <param name="Host">Where it ran.</param>
/// <param name="Command">What it was.</param>
/// <param name="ExitCode">Its exit code, 137 when it was killed; null when it ran to the end of the scenario.</param>
/// <param name="Lines">The last lines that it printed.</param>
public sealed record LabReportProcess(string Host, string Command, int? ExitCode, IReadOnlyList<string> Lines);
