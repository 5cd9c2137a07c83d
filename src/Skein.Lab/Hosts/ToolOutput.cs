namespace Skein.Lab.Hosts;

/// <summary>What a command that has ended left.</summary>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Output">What it printed.</param>
/// <param name="Errors">What it printed to its error stream.</param>
public sealed record ToolOutput(int ExitCode, string Output, string Errors);
