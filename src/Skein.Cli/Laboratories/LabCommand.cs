using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Skein.Cli.Configuration;
using Skein.Cli.Output;
using Skein.Lab.Control;
using Skein.Lab.Hosts;
using Skein.Lab.Scenarios;
using Spectre.Console;

namespace Skein.Cli.Laboratories;

/// <summary><c>skein lab</c></summary>
internal static class LabCommand
{
    private static readonly Option<string> Laboratory = new("--lab") { Description = "Which laboratory, if several run ('skein lab list')", HelpName = "NAME" };
    private static readonly Option<bool> AsJson = new("--json") { Description = "Print JSON" };

    /// <summary>Builds the command.</summary>
    public static Command Create() => new(
        "lab",
        """
        A bad internet on this machine, for tests: hosts, home routers, delays, losses, cuts

        Hosts are network namespaces, so it needs Linux and root; nothing leaves the machine. A scenario file says what there is and what happens
        (docs/guides/lab.md). Without root, 'skein demo --rtt 80 --up 20' shapes streams inside the program.
          sudo skein lab run scenario.json
          sudo skein lab cut anna ben
          sudo skein lab slow anna --rtt 300ms --loss 2%
          sudo skein lab exec anna -- skein ping /ip4/203.0.113.1/tcp/7400/p2p/12D3Koo...
        """)
    {
        CreateRun(), CreateList(), CreateStatus(), CreateExec(), CreateSlow(),
        CreateAction("cut", "Cut the line of two hosts, or all lines of one", most: 2),
        CreateAction("heal", "Mend lines: no longer cut, and as they were at the start", most: 2),
        CreateAction("kill", "Kill the processes of a host, as a power cut does", most: 1),
        CreateAction("freeze", "Stop the processes of a host: connections stay, nothing answers", most: 1),
        CreateAction("thaw", "Let the processes of a host go on", most: 1),
        CreateAction("start", "Start the process of a host, again or for the first time", most: 1),
    };

    private static Command CreateRun()
    {
        var file = new Argument<string>("FILE") { Description = "A scenario, JSON" };
        var command = new Command("run", "Build the laboratory of a scenario and let it run to its end; Ctrl-C ends it before") { file, AsJson };
        command.SetAction(async (parse, cancellationToken) =>
        {
            var scenario = LabScenario.Load(parse.GetValue(file)!);
            RequireMachine();
            await using var runner = await LabRunner.CreateAsync(scenario, TimeProvider.System, new Told(), cancellationToken);
            await using var control = LabControlServer.Start(runner, TimeProvider.System);
            Terminal.Err.WriteLine($"Laboratory with {runner.Lab.Hosts.Count} hosts.");
            var report = await runner.RunAsync(cancellationToken);
            if (parse.GetValue(AsJson))
            {
                Terminal.WriteJson(report);
            }
            else
            {
                Print(report);
            }

            // What was killed on purpose has no say.
            return report.Processes.Any(process => process.ExitCode is not (null or 0 or 137)) ? 1 : 0;
        });
        return command;
    }

    private static Command CreateList()
    {
        var command = new Command("list", "Show the laboratories that run on this machine");
        command.SetAction(_ =>
        {
            RequireMachine();
            var names = LabCommands.List();
            Terminal.Out.WriteLine(names.Count == 0 ? "No laboratory runs on this machine." : string.Join(Environment.NewLine, names));
        });
        return command;
    }

    private static Command CreateStatus()
    {
        var command = new Command("status", "Show the hosts of a running laboratory, their addresses and processes") { Laboratory, AsJson };
        command.SetAction(async (parse, cancellationToken) =>
        {
            RequireMachine();
            Print(await LabCommands.StatusAsync(parse.GetValue(Laboratory), cancellationToken), parse.GetValue(AsJson));
            return 0;
        });
        return command;
    }

    private static Command CreateExec()
    {
        var host = new Argument<string>("HOST") { Description = "On which host" };
        var program = new Argument<string[]>("PROGRAM") { Description = "Program and arguments, after --", Arity = ArgumentArity.OneOrMore };
        var command = new Command("exec", "Run a program on a host of a running laboratory") { host, program, Laboratory };
        command.SetAction(async (parse, cancellationToken) =>
        {
            RequireMachine();
            return await LabCommands.ExecuteAsync(parse.GetValue(Laboratory), parse.GetValue(host)!, parse.GetValue(program)!, cancellationToken);
        });
        return command;
    }

    private static Command CreateSlow()
    {
        var hosts = Hosts(2);
        Option<string>[] changes =
        [
            Change("--rtt", "Round trip, such as 300ms"), Change("--jitter", "How far it wanders, such as 20ms"), Change("--rate", "Such as 10mbit"),
            Change("--queue", "Such as 256KiB"), Change("--loss", "Such as 2%"),
        ];
        var burst = new Option<int?>("--burst") { Description = "Packets lost in a row, on average", HelpName = "N" };
        var command = new Command("slow", "Change what the line of two hosts does, or all lines of one") { hosts, Laboratory, AsJson, burst };
        foreach (var change in changes)
        {
            command.Add(change);
        }

        command.SetAction((parse, cancellationToken) =>
        {
            var change = Event("slow", parse.GetValue(hosts)!);
            foreach (var option in changes)
            {
                if (parse.GetValue(option) is { } value)
                {
                    change[option.Name[2..]] = value;
                }
            }

            if (parse.GetValue(burst) is { } packets)
            {
                change["burst"] = packets;
            }

            return change.Count == 1
                ? throw new UsageException("Say what changes: --rtt, --jitter, --rate, --queue, --loss or --burst.")
                : ApplyAsync(parse, change, cancellationToken);
        });
        return command;

        static Option<string> Change(string name, string description) => new(name) { Description = description, HelpName = "VALUE" };
    }

    private static Command CreateAction(string verb, string description, int most)
    {
        var hosts = Hosts(most);
        var command = new Command(verb, description) { hosts, Laboratory, AsJson };
        command.SetAction((parse, cancellationToken) => parse.GetValue(hosts)! is var given && given.Length <= most
            ? ApplyAsync(parse, Event(verb, given), cancellationToken)
            : throw new UsageException($"{verb} takes one host, not {given.Length}."));
        return command;
    }

    private static Argument<string[]> Hosts(int most) => new("HOST") { Description = most == 1 ? "Name of the host" : "One host, or the two ends of a line", Arity = new ArgumentArity(1, 2) };

    private static JsonObject Event(string verb, string[] hosts)
        => new() { [verb] = hosts is [var one] ? JsonValue.Create(one) : new JsonArray([.. hosts.Select(host => JsonValue.Create(host))]) };

    private static async Task<int> ApplyAsync(ParseResult parse, JsonObject change, CancellationToken cancellationToken)
    {
        RequireMachine();
        var status = await LabCommands.ApplyAsync(parse.GetValue(Laboratory), change.ToJsonString(), cancellationToken);
        if (parse.GetValue(AsJson))
        {
            Print(status, asJson: true);
        }

        return 0;
    }

    private static void RequireMachine()
    {
        if (LabRequirements.Missing() is { Count: > 0 } missing)
        {
            throw new UsageException($"The laboratory needs {string.Join("; ", missing)}.");
        }
    }

    private static void Print(LabStatus status, bool asJson)
    {
        if (asJson)
        {
            Terminal.WriteJson(status);
            return;
        }

        var table = new Table().Border(TableBorder.Rounded).Title(Markup.Escape(status.Laboratory)).AddColumns("host", "public address", "own address", "router", "processes", "namespace");
        foreach (var host in status.Hosts)
        {
            table.AddRow(host.Name, host.PublicAddress, host.OwnAddress, host.Nat, string.Join(' ', host.Running.Select(id => id.ToString(CultureInfo.InvariantCulture))), Markup.Escape(host.Namespace));
        }

        Terminal.Out.Write(table);
    }

    private static void Print(LabReport report)
    {
        foreach (var process in report.Processes)
        {
            var end = process.ExitCode is { } code ? $"ended with {code}" : "ran to the end";
            Terminal.Out.MarkupLine($"[bold]{Markup.Escape(process.Host)}[/] {Markup.Escape(process.Command)}: {end}");
            foreach (var line in process.Lines)
            {
                Terminal.Out.WriteLine("  " + line);
            }
        }

        Terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Over after {report.Elapsed.TotalSeconds:0.0} s ({report.Ended}), {report.Events.Count} events."));
        if (report.Router.LatePackets > 0)
        {
            Terminal.Err.MarkupLine($"[yellow]{report.Router.LatePackets} packets were late: this machine was too busy for measurements to count.[/]");
        }
    }

    private sealed class Told : IProgress<string>
    {
        public void Report(string value) => Terminal.Err.WriteLine(value);
    }
}
