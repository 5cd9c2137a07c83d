using System.CommandLine;
using Skein.Cli.Configuration;
using Skein.Cli.Output;
using Skein.Models;
using Spectre.Console;

namespace Skein.Cli.Models;

/// <summary><c>skein model</c></summary>
internal static class ModelCommand
{
    private static readonly Option<bool> AsJson = new("--json") { Description = "Print JSON" };

    /// <summary>Builds the command.</summary>
    public static Command Create() => new(
        "model",
        """
        Models on this machine: import, list, inspect, remove

        A model in the store is a manifest and pieces, one per block, addressed by their hash. Its digest names exactly these weights: nodes and
        gateways work together only on equal digests. The store lies in the user's data folder, or below SKEIN_HOME.
        """)
    {
        CreateImport(), CreateList(), CreateInspect(), CreateRemove(),
    };

    private static Command CreateImport()
    {
        var file = new Argument<FileInfo>("FILE") { Description = "A GGUF file" };
        var name = new Option<string>("--name") { Description = "What to call it [default: the file's name]", HelpName = "NAME" };
        var licence = new Option<FileInfo>("--licence") { Description = "A text file with the model's licence, to keep beside it", HelpName = "FILE" };
        var origin = new Option<string>("--origin") { Description = "Where the file came from, to keep beside it", HelpName = "TEXT" };
        var command = new Command(
            "import",
            """
            Take a GGUF file into the store

            Splits the file into one piece per block. Interrupted imports go on where they were: pieces that are whole are not written again.
            """)
        {
            file, name, licence, origin,
        };
        command.SetAction(async (parse, cancellationToken) =>
        {
            var path = parse.GetValue(file)!.FullName;
            if (!File.Exists(path))
            {
                throw new UsageException(Directory.Exists(path) ? $"{path} is a folder; import takes a GGUF file." : $"There is no file {path}.");
            }

            var label = ModelName.Parse(parse.GetValue(name) ?? DefaultName(path));
            var options = new ImportOptions { LicenceFile = parse.GetValue(licence)?.FullName, Origin = parse.GetValue(origin) };
            var report = await Work.WithBytesAsync($"importing {label}", progress => new ModelImporter(ModelCatalog.Store).ImportAsync(label, path, options, progress, cancellationToken));
            Terminal.Out.MarkupLine($"[bold]{report.Name}[/]: {report.Shape.BlockCount} blocks, {report.Size} in {report.Files} files, {report.Written} newly written");
            Terminal.Out.WriteLine($"digest {report.Digest}");
            return 0;
        });
        return command;
    }

    private static Command CreateList()
    {
        var command = new Command("list", "Show the models that are here") { AsJson };
        command.SetAction(async (parse, cancellationToken) =>
        {
            var models = await ModelCatalog.Store.ListAsync(cancellationToken);
            if (parse.GetValue(AsJson))
            {
                Terminal.WriteJson(models.Select(model => new { name = model.Name.ToString(), digest = model.Digest.ToString(), blocks = model.Shape?.BlockCount, width = model.Shape?.Width, context_length = model.Shape?.ContextLength, bytes = model.Size.Bytes, bundled = model.IsBundled, problem = model.Problem }));
                return 0;
            }

            if (models.Count == 0)
            {
                Terminal.Out.WriteLine("There are no models here. Take one in with: skein model import FILE.gguf");
                return 0;
            }

            var table = new Table().Border(TableBorder.Rounded).AddColumns("name", "architecture", "blocks", "context", "size", "digest", "");
            foreach (var model in models)
            {
                table.AddRow(
                    model.Name.ToString(),
                    Markup.Escape(model.Shape?.Architecture ?? "?"),
                    model.Shape?.BlockCount.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "?",
                    model.Shape?.ContextLength.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "?",
                    model.Size.ToString(),
                    model.Digest.ToString()[..12],
                    model.Problem is { } problem ? $"[red]{Markup.Escape(problem)}[/]" : model.IsBundled ? "[grey]comes with Skein[/]" : string.Empty);
            }

            Terminal.Out.Write(table);
            return 0;
        });
        return command;
    }

    private static Command CreateInspect()
    {
        var model = new Argument<string>("MODEL") { Description = "A name in the store or a GGUF file" };
        var command = new Command("inspect", "Show what a model consists of: blocks, sizes, types, whether it can be split") { model };
        command.SetAction(async (parse, cancellationToken) =>
        {
            var handle = await ModelCatalog.ResolveAsync(parse.GetValue(model)!, cancellationToken);
            Print(await ModelInspection.CreateAsync(handle, cancellationToken));
            return 0;
        });
        return command;
    }

    private static Command CreateRemove()
    {
        var name = new Argument<string>("NAME") { Description = "A name in the store" };
        var command = new Command("remove", "Remove a model from the store, and the pieces that no other model needs") { name };
        command.SetAction(async (parse, cancellationToken) =>
        {
            var report = await ModelCatalog.Store.RemoveAsync(ModelName.Parse(parse.GetValue(name)!), cancellationToken);
            Terminal.Out.WriteLine($"{report.Name} is removed: {report.Files} files, {report.Freed} freed.");
            return 0;
        });
        return command;
    }

    private static void Print(ModelInspection inspection)
    {
        var handle = inspection.Handle;
        var facts = new Grid().AddColumn().AddColumn();
        Fact("name", handle.Name);
        Fact("digest", handle.Digest.ToString());
        Fact("architecture", handle.Architecture);
        Fact("blocks", $"{handle.BlockCount}");
        Fact("width", $"{handle.Width} values a row: {handle.Width * 4} bytes as f32, {handle.Width * 2} as f16");
        Fact("context", $"{handle.ContextLength} tokens");
        Fact("vocabulary", $"{inspection.VocabularySize} tokens");
        Fact("chat template", inspection.HasChatTemplate ? "yes" : "none: completions only");
        Fact("can be split", inspection.Unsupported ?? (inspection.IsExact ? "yes" : "yes, but rows round once a stage: not bit for bit as the whole"));
        foreach (var (key, value) in inspection.About)
        {
            Fact(key, value.Length > 100 ? value[..100] + "..." : value);
        }

        Terminal.Out.Write(facts);
        var types = new Table().Border(TableBorder.Rounded).AddColumns("type", "tensors", "size");
        foreach (var type in inspection.Types)
        {
            types.AddRow(type.Type.ToString(), $"{type.Tensors}", type.Size.ToString());
        }

        var groups = new Table().Border(TableBorder.Rounded).AddColumns("piece", "tensors", "size");
        foreach (var group in inspection.Groups)
        {
            groups.AddRow(group.Key.ToString(), $"{group.Tensors}", group.Size.ToString());
        }

        Terminal.Out.Write(types);
        Terminal.Out.Write(groups);

        void Fact(string name, string value) => facts.AddRow($"[grey]{Markup.Escape(name)}[/]", Markup.Escape(value));
    }

    // "SmolLM2-135M-Instruct.Q4_1.gguf" becomes "smollm2-135m-instruct.q4_1".
    private static string DefaultName(string path)
        => new([.. Path.GetFileNameWithoutExtension(path).ToLowerInvariant().Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' ? letter : '-')]);
}
