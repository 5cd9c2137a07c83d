namespace Skein.Lab.Scenarios;

/// <summary>The process that a scenario runs on a host.</summary>
/// <param name="Host">Name of the host.</param>
/// <param name="Command">Program and arguments; <c>${anna}</c> stands for the public address of host anna.</param>
/// <param name="Environment">Variables beside those of the laboratory's own process, with the same stand-ins.</param>
/// <param name="Ready">Text in the line by which it says that it is ready; null to go on at once.</param>
/// <param name="Wait">Whether the scenario is over once this process, and all others that are waited for, have ended.</param>
public sealed record ScenarioProcess(
    string Host,
    IReadOnlyList<string> Command,
    IReadOnlyDictionary<string, string> Environment,
    string? Ready,
    bool Wait);
