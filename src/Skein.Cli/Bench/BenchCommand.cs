using System.CommandLine;
using Skein.Cli.Bench.Net;
using Skein.Cli.Configuration;
using Skein.Cli.Gateways;
using Skein.Cli.Models;
using Skein.Cli.Output;
using Skein.Engine.Lanes;
using Skein.Models.Evaluation;
using Spectre.Console;

namespace Skein.Cli.Bench;

/// <summary><c>skein bench</c></summary>
internal static class BenchCommand
{
    private static readonly Option<string> Model = new("--model") { Description = "A model by name or a GGUF file", HelpName = "NAME|FILE", DefaultValueFactory = _ => GatewaySettings.DefaultModel };
    private static readonly Option<string> Cuts = new("--cuts") { Description = "Where to cut the model, such as 10,20 [default: three equal stages]", HelpName = "N,N" };
    private static readonly Option<int> Threads = new("--threads") { Description = "Compute threads", HelpName = "N", DefaultValueFactory = _ => ComputeLanes.DefaultThreads() };
    private static readonly Option<int> Runs = new("--runs") { Description = "Runs of each; the median counts", HelpName = "N", DefaultValueFactory = _ => 5 };
    private static readonly Option<int> Tokens = new("--tokens") { Description = "Tokens of a run", HelpName = "N", DefaultValueFactory = _ => 64 };
    private static readonly Option<bool> AsJson = new("--json") { Description = "Print the report as JSON" };

    /// <summary>Builds the command.</summary>
    public static Command Create() => new("bench", "Measure what this machine does; each figure is a ratio of runs that took turns, since machines are noisy") { CreateEngine(), NetBenchCommand.Create(), NetBenchCommand.CreatePeer() };

    private static Command CreateEngine()
    {
        var command = new Command(
            "engine",
            """
            Whole model against a chain of stages in one process: tokens per second, their ratio, and what a step costs more

            The runs take turns (whole, chain, whole, chain, ...), so that a busy machine slows both alike.
            """)
        {
            Model, Cuts, Threads, Runs, Tokens, AsJson,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        var threads = InRange(Threads, parse.GetValue(Threads), Environment.ProcessorCount);
        var runs = InRange(Runs, parse.GetValue(Runs), 1000);
        var tokens = InRange(Tokens, parse.GetValue(Tokens), 4096);
        var model = await ModelCatalog.ResolveAsync(parse.GetValue(Model)!, cancellationToken);
        using var lanes = new ComputeLanes(threads);
        var options = new EngineBenchOptions { Cuts = CutList.Read(parse.GetValue(Cuts), model.BlockCount), Runs = runs, Tokens = tokens, Lanes = lanes };
        var report = await Work.WithTextAsync("Measuring ...", progress => EngineBench.RunAsync(model, options, progress, cancellationToken));
        if (parse.GetValue(AsJson))
        {
            Terminal.WriteJson(report, EvaluationJson.Default.EngineBenchReport);
            return 0;
        }

        Terminal.Out.Write(new Table().Border(TableBorder.Rounded).Title($"[bold]{Markup.Escape(report.Model)}[/], median of {report.Runs}, {report.Threads} thread(s)").AddColumns("", "tokens/s")
            .AddRow("whole model", $"{report.WholeTokensPerSecond:0.0}")
            .AddRow($"chain of {report.Cuts.Count + 1} stages", $"{report.ChainTokensPerSecond:0.0}")
            .AddRow("ratio", $"{report.Ratio:0.000}")
            .AddRow("more per step", $"{report.PerStepOverheadUs:0} us")
            .AddRow("handing rows over, a stage", $"{report.HandoverUs:0} us"));
        return 0;
    }

    private static int InRange(Option<int> option, int value, int most)
        => value >= 1 && value <= most ? value : throw new UsageException($"{option.Name} takes 1 to {most}, not {value}.");
}
