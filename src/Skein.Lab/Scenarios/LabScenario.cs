using Skein.Lab.Errors;

namespace Skein.Lab.Scenarios;

/// <summary>A laboratory and what happens in it, as one JSON file says; see docs/guides/lab.md.</summary>
public sealed record LabScenario
{
    /// <summary>Longer is not a scenario.</summary>
    private const int MostBytes = 1 << 20;

    /// <summary>The hosts and the lines between them.</summary>
    public required LabTopology Topology { get; init; }

    /// <summary>What runs on the hosts, in the order it is started.</summary>
    public IReadOnlyList<ScenarioProcess> Processes { get; init; } = [];

    /// <summary>What happens, in order of time.</summary>
    public IReadOnlyList<LabEvent> Events { get; init; } = [];

    /// <summary>When it is over at the latest, from the moment that all processes are ready; null for when the processes that are waited for have ended, or somebody stops it.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>Reads a scenario from a file.</summary>
    /// <exception cref="LabException"><see cref="LabError.Scenario"/>: the file cannot be read, or has faults; all are named, each with its place.</exception>
    public static LabScenario Load(string path)
    {
        try
        {
            var length = new FileInfo(path).Length;
            return length <= MostBytes
                ? Parse(File.ReadAllBytes(path), path)
                : throw new LabException(LabError.Scenario, $"{path} has {length} bytes; a scenario has at most {MostBytes}.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new LabException(LabError.Scenario, $"The scenario {path} cannot be read: {error.Message}", error);
        }
    }

    /// <summary>Reads a scenario from its text.</summary>
    /// <param name="json">UTF-8 JSON; comments and trailing commas are allowed.</param>
    /// <param name="name">What errors call it.</param>
    /// <exception cref="LabException"><see cref="LabError.Scenario"/>: it has faults; all are named, each with its place.</exception>
    public static LabScenario Parse(ReadOnlyMemory<byte> json, string name)
    {
        List<string> faults = [];
        var scenario = ScenarioReader.Read(json, faults);
        return scenario is not null && faults.Count == 0
            ? scenario
            : throw new LabException(LabError.Scenario, $"The scenario {name} has faults:\n  " + string.Join("\n  ", faults));
    }

    /// <summary>Reads one command to a running laboratory: an event without its time.</summary>
    /// <param name="json">One JSON object: <c>{"cut": ["anna", "ben"]}</c>.</param>
    /// <param name="hosts">Names of the hosts that there are.</param>
    /// <exception cref="LabException"><see cref="LabError.Scenario"/>: it has faults; all are named.</exception>
    public static LabEvent ParseCommand(ReadOnlyMemory<byte> json, IEnumerable<string> hosts)
    {
        List<string> faults = [];
        var command = ScenarioReader.ReadCommand(json, hosts.ToHashSet(StringComparer.Ordinal), faults);
        return command is not null && faults.Count == 0
            ? command
            : throw new LabException(LabError.Scenario, "The command has faults:\n  " + string.Join("\n  ", faults));
    }
}
