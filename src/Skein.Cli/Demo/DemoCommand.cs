using System.CommandLine;
using System.Globalization;
using Skein.Cli.Chat;
using Skein.Cli.Configuration;
using Skein.Cli.Gateways;
using Skein.Cli.Models;
using Skein.Cli.Output;
using Skein.Core.Identity;
using Skein.Gateway.Hosting;
using Spectre.Console;

namespace Skein.Cli.Demo;

/// <summary><c>skein demo</c></summary>
internal static class DemoCommand
{
    private static readonly Option<int> Nodes = new("--nodes") { Description = "Node processes to spread the model over", HelpName = "N", DefaultValueFactory = _ => 3 };
    private static readonly Option<string> Model = new("--model") { Description = "A model by name (see 'skein model list') or a GGUF file", HelpName = "NAME|FILE", DefaultValueFactory = _ => GatewaySettings.DefaultModel };
    private static readonly Option<int> Port = new("--port") { Description = "Port of the gateway; 0 takes any free one", HelpName = "N", DefaultValueFactory = _ => 8080 };
    private static readonly Option<int?> Threads = new Option<int?>("--threads") { Description = "Compute threads per node [default: all processors but one]", HelpName = "N" }.Between(1, Environment.ProcessorCount);
    private static readonly Option<string> Once = new("--once") { Description = "Answer this prompt (greedy) and end", HelpName = "PROMPT" };
    private static readonly Option<bool> AsJson = new("--json") { Description = "With --once: print one JSON object with the text, its tokens, and what each stage did" };
    private static readonly Option<bool> Serve = new("--serve") { Description = "Do not chat: serve until Ctrl-C" };
    private static readonly Option<int> MaxTokens = new Option<int>("--max-tokens") { Description = "The longest reply", HelpName = "N", DefaultValueFactory = _ => 256 }.Between(1, ChatSettings.MostTokens);

    private static readonly (Option<double?> RoundTrip, Option<double?> Uplink) Line = LineOptions.CreateOptions(hidden: false);

    /// <summary>Builds the command.</summary>
    public static Command Create()
    {
        var command = new Command(
            "demo",
            """
            Spread a model over several processes on this machine, and chat with it

            Starts the nodes and a gateway, prints who holds which blocks, the URL and a curl line, and chats in the terminal.
            Ctrl-C stops everything.
            """)
        {
            Nodes, Model, Port, Threads, Once, AsJson, Serve, MaxTokens, Line.RoundTrip, Line.Uplink,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        var once = parse.GetValue(Once);
        var json = parse.GetValue(AsJson);
        if (once is not null && string.IsNullOrWhiteSpace(once))
        {
            throw new UsageException("--once takes a prompt, such as --once \"What is the capital of France?\".");
        }

        if (json && once is null)
        {
            throw new UsageException("--json goes with --once \"prompt\".");
        }

        // One answer needs no fixed port, and must not fail because somebody else has it.
        var portGiven = parse.GetResult(Port) is { Implicit: false };
        var options = new DemoOptions
        {
            Model = parse.GetValue(Model)!,
            Nodes = parse.GetValue(Nodes),
            Port = once is not null && !portGiven ? 0 : parse.GetValue(Port),
            Threads = parse.GetValue(Threads),
            Line = LineOptions.Read(parse, Line),
        };
        if (options.Port is < 0 or > 65535)
        {
            throw new UsageException($"--port takes 0 to 65535, not {options.Port}.");
        }

        var model = await ModelCatalog.ResolveAsync(options.Model, cancellationToken);
        if (options.Nodes < 1 || options.Nodes > model.BlockCount || options.Nodes > 26)
        {
            throw new UsageException($"--nodes takes 1 to {Math.Min(26, model.BlockCount)} for {model.Name}, which has {model.BlockCount} blocks, not {options.Nodes}.");
        }

        var spans = BlockSpan.Split(model.BlockCount, options.Nodes);
        await using var cluster = await WithSpinnerAsync(once is null, $"Starting {options.Nodes} nodes ...", () => DemoCluster.StartAsync(options, spans, cancellationToken));
        await using var gateway = await WithSpinnerAsync(
            once is null,
            "Starting the gateway ...",
            () => GatewayStartup.StartAsync(GatewaySettings.ForDemo(options.Model, cluster.Anchor.Address!, options.Port, options.Line.Wrap()), "--port", cancellationToken));
        await gateway.WaitUntilReadyAsync(TimeSpan.FromSeconds(30), cancellationToken);

        using var http = new HttpClient { BaseAddress = gateway.Address, Timeout = Timeout.InfiniteTimeSpan };
        var client = new ChatClient(http, gateway.ModelName, gateway.ChatRefusal is not null);
        // The likeliest word each time: of a small model a quarter of first answers is nonsense otherwise, and what is shown is the ring, not luck.
        var settings = new ChatSettings { MaxTokens = parse.GetValue(MaxTokens), Temperature = 0 };
        settings = gateway.TakesSystemMessages ? settings : settings with { System = string.Empty };
        if (once is not null)
        {
            return await AnswerOnceAsync(client, once, settings, model.BlockCount, json, cancellationToken);
        }

        PrintLayout(cluster, gateway, model.Name);
        if (parse.GetValue(Serve))
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
        }
        else
        {
            await new ChatLoop(client, settings, Console.In).RunAsync(cancellationToken);
        }

        return 0;
    }

    private static async Task<int> AnswerOnceAsync(ChatClient client, string prompt, ChatSettings settings, int blockCount, bool json, CancellationToken cancellationToken)
    {
        if (client.CompletesText)
        {
            Terminal.Err.MarkupLine($"[yellow]{Markup.Escape(client.Model)} was not made for chat: it goes on with your text.[/]");
        }

        ChatMessage[] messages = settings.System.Length > 0 ? [new("system", settings.System), new("user", prompt)] : [new("user", prompt)];
        var completion = await client.CompleteAsync(messages, settings, cancellationToken);
        var report = DemoReport.FromCompletion(completion, blockCount);
        if (json)
        {
            Terminal.WriteJson(report);
        }
        else
        {
            Console.Out.WriteLine(report.Text);
        }

        return 0;
    }

    private static void PrintLayout(DemoCluster cluster, RunningGateway gateway, string model)
    {
        var table = new Table().Border(TableBorder.Rounded).Title($"[bold]{Markup.Escape(model)}[/] over {cluster.Nodes.Count} processes").AddColumns("node", "blocks", "address", "peer", "process");
        foreach (var node in cluster.Nodes)
        {
            table.AddRow(node.Name, node.Span!.Value.ToString(), node.Address!.TcpEndPoint!.ToString(), node.Id.ToString(), node.Process!.Id.ToString(CultureInfo.InvariantCulture));
        }

        Terminal.Out.Write(table);
        Terminal.Out.WriteLine($"They find each other by the anchor {cluster.Anchor.Address} (process {cluster.Anchor.Process!.Id}).");
        Terminal.Out.MarkupLine($"OpenAI API   [link]{gateway.Address}v1[/]    reference {gateway.Address}docs");
        var (path, body) = gateway.ChatRefusal is null
            ? ("chat/completions", $$"""{"model": "{{model}}", "messages": [{"role": "user", "content": "Hello"}]}""")
            : ("completions", $$"""{"model": "{{model}}", "prompt": "Hello"}""");
        Terminal.Out.WriteLine($"curl {gateway.Address}v1/{path} -H 'Content-Type: application/json' -d '{body}'");
        Terminal.Out.WriteLine();
    }

    private static async Task<T> WithSpinnerAsync<T>(bool show, string title, Func<Task<T>> work)
        => show ? await Work.WithTextAsync(title, _ => work()) : await work();
}
