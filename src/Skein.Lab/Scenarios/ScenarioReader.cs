using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Skein.Lab.Hosts;
using Skein.Lab.Links;
using Skein.Lab.Units;

namespace Skein.Lab.Scenarios;

/// <summary>Reads scenarios and commands from JSON, noting all faults.</summary>
internal static partial class ScenarioReader
{
    private static readonly JsonDocumentOptions Format = new()
    {
        AllowTrailingCommas = true,
        CommentHandling = JsonCommentHandling.Skip,
        AllowDuplicateProperties = false,
        MaxDepth = 16,
    };

    private static readonly Dictionary<string, NatKind> NatNames = new(StringComparer.Ordinal)
    {
        ["none"] = NatKind.None,
        ["endpoint-independent"] = NatKind.EndpointIndependent,
        ["port-restricted"] = NatKind.PortRestricted,
        ["random-port"] = NatKind.RandomPort,
        ["resetting"] = NatKind.Resetting,
    };

    private static readonly string[] OfAProcess = ["ready", "wait", "env"];

    private static readonly (string Word, LabAction Action)[] Actions =
    [
        ("cut", LabAction.Cut),
        ("heal", LabAction.Heal),
        ("slow", LabAction.Slow),
        ("kill", LabAction.Kill),
        ("freeze", LabAction.Freeze),
        ("thaw", LabAction.Thaw),
        ("start", LabAction.Start),
    ];

    /// <summary>Reads a whole scenario; null when it is no JSON at all.</summary>
    public static LabScenario? Read(ReadOnlyMemory<byte> json, List<string> faults) => WithRoot(json, faults, root => ReadScenario(root, faults));

    /// <summary>Reads an event without its time; null when there is none.</summary>
    public static LabEvent? ReadCommand(ReadOnlyMemory<byte> json, HashSet<string> hosts, List<string> faults) => WithRoot(json, faults, root =>
    {
        var command = ReadEvent(root, TimeSpan.Zero, hosts);
        root.RefuseOthers();
        return command;
    });

    /// <summary>Stand-ins for addresses in commands: <c>${anna}</c>.</summary>
    [GeneratedRegex(@"\$\{(?<host>[^}]*)\}", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    public static partial Regex StandIn();

    private static T? WithRoot<T>(ReadOnlyMemory<byte> json, List<string> faults, Func<JsonSection, T?> read)
        where T : class
    {
        try
        {
            using var document = JsonDocument.Parse(json, Format);
            return read(new JsonSection(document.RootElement, string.Empty, faults));
        }
        catch (JsonException error)
        {
            faults.Add(error.Message);
            return null;
        }
    }

    private static LabScenario ReadScenario(JsonSection root, List<string> faults)
    {
        List<LabHostSettings> hosts = [];
        List<ScenarioProcess> processes = [];
        var section = root.Section("hosts");
        if (section is null)
        {
            root.Fault("hosts", "is missing");
        }

        var names = (section?.Names ?? []).ToHashSet(StringComparer.Ordinal);
        foreach (var name in section?.Names ?? [])
        {
            var host = section!.Section(name)!;
            hosts.Add(ReadHost(host, name));
            if (ReadProcess(host, name, names) is { } process)
            {
                processes.Add(process);
            }

            host.RefuseOthers();
        }

        var defaults = root.Section("links");
        var link = (defaults is null ? new LinkChange() : ReadChange(defaults)).Apply(LinkSettings.Perfect);
        defaults?.RefuseOthers();
        var topology = new LabTopology
        {
            Hosts = hosts,
            DefaultLink = link,
            Links = [.. root.Sections("pairs").SelectMany(pair => ReadPair(pair, link, names))],
            Seed = root.Whole("seed") ?? 1,
            Network = root.Text("network") is { } network ? ReadNetwork(root, network) : LabTopology.TestNetwork,
        };
        var scenario = new LabScenario
        {
            Topology = topology,
            Processes = processes,
            Events = [.. root.Sections("events").Select(happening => ReadTimedEvent(happening, names, processes)).OfType<LabEvent>().OrderBy(happening => happening.At)],
            Duration = root.Duration("duration"),
        };
        root.RefuseOthers();

        // What the file got wrong has been noted with its place already; the same again from the values would only confuse.
        if (faults.Count == 0)
        {
            faults.AddRange(topology.Faults());
            faults.AddRange(ChangeFaults(scenario));
        }

        return scenario;
    }

    /// <summary>What the events would make of the lines, one after the other, as far as it cannot be.</summary>
    private static IEnumerable<string> ChangeFaults(LabScenario scenario)
    {
        Dictionary<(string From, string To), LinkSettings> changed = [];
        var names = scenario.Topology.Hosts.Select(host => host.Name).ToArray();
        foreach (var happening in scenario.Events.Where(happening => happening.Action is LabAction.Slow or LabAction.Heal))
        {
            var (one, other) = (happening.Hosts[0], happening.Hosts.Count == 2 ? happening.Hosts[1] : null);
            var lines = from near in names
                        from far in names
                        where (near == one && far == (other ?? far)) || (far == one && near == (other ?? near))
                        select (Near: near, Far: far);
            foreach (var line in lines)
            {
                var before = changed.GetValueOrDefault(line, scenario.Topology.LinkOf(line.Near, line.Far));
                changed[line] = happening.Action == LabAction.Heal ? scenario.Topology.LinkOf(line.Near, line.Far) : happening.Change.Apply(before);
                foreach (var fault in changed[line].Faults())
                {
                    yield return $"events: \"{happening}\" at {happening.At.TotalSeconds} s makes the line from {line.Near} to {line.Far} one that cannot be: {fault}";
                }
            }
        }
    }

    private static LabHostSettings ReadHost(JsonSection host, string name)
    {
        var kind = NatKind.None;
        if (host.Text("nat") is { } nat && !NatNames.TryGetValue(nat, out kind))
        {
            host.Fault("nat", $"is \"{nat}\"; known are {string.Join(", ", NatNames.Keys)}");
        }

        return new LabHostSettings
        {
            Name = name,
            Nat = kind,
            Up = host.Rate("up") ?? BitRate.Unlimited,
            Down = host.Rate("down") ?? BitRate.Unlimited,
            Queue = host.Size("queue"),
            Congestion = host.Text("congestion"),
            OpensPorts = host.Flag("opensPorts"),
        };
    }

    private static IPAddress ReadNetwork(JsonSection root, string text)
    {
        if (IPAddress.TryParse(text, out var network))
        {
            return network;
        }

        root.Fault("network", $"is \"{text}\", not an IPv4 network such as 203.0.113.0");
        return IPAddress.None;
    }

    private static ScenarioProcess? ReadProcess(JsonSection host, string name, HashSet<string> hosts)
    {
        var command = host.Texts("run");
        var ready = host.Text("ready");
        var wait = host.Flag("wait");
        Dictionary<string, string> environment = new(StringComparer.Ordinal);
        if (host.Section("env") is { } variables)
        {
            foreach (var variable in variables.Names)
            {
                environment[variable] = variables.Text(variable) ?? string.Empty;
            }
        }

        if (command is null)
        {
            foreach (var orphan in OfAProcess.Where(host.Has))
            {
                host.Fault(orphan, "says something about a process, but there is no \"run\"");
            }

            return null;
        }

        if (command.Count == 0 || command[0].Length == 0)
        {
            host.Fault("run", "names no program");
        }

        var strangers = command.Concat(environment.Values)
            .SelectMany(text => StandIn().Matches(text))
            .Select(match => match.Groups["host"].Value)
            .Where(stranger => !hosts.Contains(stranger));
        foreach (var stranger in strangers)
        {
            host.Fault("run", $"mentions ${{{stranger}}}, but there is no such host");
        }

        return new ScenarioProcess(name, command, environment, ready, wait);
    }

    private static IEnumerable<LabLink> ReadPair(JsonSection pair, LinkSettings basis, HashSet<string> hosts)
    {
        var settings = ReadChange(pair).Apply(basis);
        var between = ReadHosts(pair, "between", hosts);
        var (from, to) = (ReadHosts(pair, "from", hosts), ReadHosts(pair, "to", hosts));
        pair.RefuseOthers();
        switch (between, from, to)
        {
            case ({ Count: 2 }, null, null):
                return [new LabLink(between[0], between[1], settings), new LabLink(between[1], between[0], settings)];
            case (null, { Count: 1 }, { Count: 1 }):
                return [new LabLink(from[0], to[0], settings)];
            default:
                pair.Fault(null, "names neither two hosts in \"between\" nor one in \"from\" and one in \"to\"");
                return [];
        }
    }

    private static LabEvent? ReadTimedEvent(JsonSection section, HashSet<string> hosts, List<ScenarioProcess> processes)
    {
        if (!section.Has("at"))
        {
            section.Fault("at", "is missing");
        }

        var read = ReadEvent(section, section.Duration("at") ?? TimeSpan.Zero, hosts);
        section.RefuseOthers();
        if (read is { Action: LabAction.Start } && !processes.Any(process => process.Host == read.Hosts[0]))
        {
            section.Fault("start", $"is for host {read.Hosts[0]}, which has no \"run\"");
        }

        return read;
    }

    private static LabEvent? ReadEvent(JsonSection section, TimeSpan at, HashSet<string> hosts)
    {
        var found = Actions.Where(action => section.Has(action.Word)).ToArray();
        if (found.Length != 1)
        {
            section.Fault(null, $"says {(found.Length == 0 ? "nothing" : "more than one thing")} of {string.Join(", ", Actions.Select(action => action.Word))}");
            return null;
        }

        var (word, action) = found[0];
        var targets = ReadHosts(section, word, hosts);
        var change = action == LabAction.Slow ? ReadChange(section) : new LinkChange();
        if (action == LabAction.Slow && change.IsEmpty)
        {
            section.Fault(word, "says nothing of rtt, jitter, rate, queue, loss or burst");
        }

        if (targets is null)
        {
            return null;
        }

        var isLine = action is LabAction.Cut or LabAction.Heal or LabAction.Slow;
        var isOne = targets.Count == 1;
        var isTwo = targets.Count == 2 && targets[0] != targets[1];
        if (!isOne && !(isLine && isTwo))
        {
            section.Fault(word, isLine ? "is for one host or the two ends of a line" : "is for one host");
            return null;
        }

        return new LabEvent(at, action, targets, change);
    }

    private static LinkChange ReadChange(JsonSection section) => new(
        section.Duration("rtt"),
        section.Duration("jitter"),
        section.Rate("rate"),
        section.Size("queue"),
        section.Share("loss"),
        section.Number("burst"));

    private static IReadOnlyList<string>? ReadHosts(JsonSection section, string name, HashSet<string> hosts)
    {
        var named = section.Texts(name);
        foreach (var stranger in (named ?? []).Where(host => !hosts.Contains(host)))
        {
            section.Fault(name, $"names \"{stranger}\", but there is no such host");
        }

        return named;
    }
}
