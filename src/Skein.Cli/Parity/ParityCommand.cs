using System.CommandLine;
using System.Globalization;
using Skein.Cli.Configuration;
using Skein.Cli.Gateways;
using Skein.Cli.Models;
using Skein.Cli.Output;
using Skein.Models.Evaluation;
using Spectre.Console;

namespace Skein.Cli.Parity;

/// <summary><c>skein parity</c></summary>
internal static class ParityCommand
{
    private static readonly Option<string> Model = new("--model") { Description = "A model by name or a GGUF file", HelpName = "NAME|FILE", DefaultValueFactory = _ => GatewaySettings.DefaultModel };
    private static readonly Option<string> Cuts = new("--cuts") { Description = "Where to cut the model, such as 10,20 [default: three equal stages]", HelpName = "N,N" };
    private static readonly Option<bool> AsJson = new("--json") { Description = "Print the report as JSON" };

    /// <summary>Builds the command.</summary>
    public static Command Create()
    {
        var command = new Command(
            "parity",
            """
            Run the whole model beside a chain of stages and compare every logit

            A prompt and 64 decode steps, per row codec (f32, f16); then the chain against itself in batches of 1, 2, 5 and 16 rows and of 2 and 8
            sequences. 0 means bit for bit. Exit code 1 if rows as f32 give any difference.
            """)
        {
            Model, Cuts, AsJson,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        var model = await ModelCatalog.ResolveAsync(parse.GetValue(Model)!, cancellationToken);
        var options = new ParityOptions { Cuts = CutList.Read(parse.GetValue(Cuts), model.BlockCount) };
        var report = await Work.WithTextAsync("Comparing ...", progress => ParityRunner.RunAsync(model, options, progress, cancellationToken));
        if (parse.GetValue(AsJson))
        {
            Terminal.WriteJson(report, EvaluationJson.Default.ParityReport);
        }
        else
        {
            Print(report);
        }

        return report.Codecs.Where(codec => codec.Codec == HopCodec.F32).All(codec => codec.MaxAbsLogitDifference == 0) ? 0 : 1;
    }

    private static void Print(ParityReport report)
    {
        var table = new Table().Border(TableBorder.Rounded).Title($"[bold]{Markup.Escape(report.Model)}[/], {report.Blocks} blocks cut at {string.Join(", ", report.Cuts)}").AddColumns("compared", "largest difference of a logit", "same likeliest token");
        foreach (var codec in report.Codecs)
        {
            Row($"whole model, rows as {codec.Codec.ToString().ToLowerInvariant()}", codec.MaxAbsLogitDifference, codec.ArgmaxEqual, codec.ArgmaxTotal);
        }

        foreach (var width in report.Widths)
        {
            Row($"{width.Width} rows a step", width.MaxAbsLogitDifference, width.ArgmaxEqual, width.ArgmaxTotal);
        }

        foreach (var sequences in report.Sequences)
        {
            Row($"{sequences.Sequences} sequences a batch", sequences.MaxAbsLogitDifference, sequences.ArgmaxEqual, sequences.ArgmaxTotal);
        }

        Terminal.Out.Write(table);

        void Row(string name, double difference, int equal, int total)
            => table.AddRow(name, difference == 0 ? "[green]0[/]" : difference.ToString("0.######", CultureInfo.InvariantCulture), $"{equal} of {total}");
    }
}
