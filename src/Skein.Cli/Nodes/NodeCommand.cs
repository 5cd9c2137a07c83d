using System.CommandLine;
using System.Text.Json;
using Skein.Cli.Configuration;
using Skein.Cli.Demo;
using Skein.Cli.Models;
using Skein.Cli.Network;
using Skein.Cli.Output;
using Skein.Node;
using Spectre.Console;

namespace Skein.Cli.Nodes;

/// <summary><c>skein node</c></summary>
internal static class NodeCommand
{
    private static readonly Option<bool> Announce = new("--announce") { Description = "Print one line of JSON when ready, for programs that start nodes: {\"event\":\"ready\",\"port\":7410,...}" };
    private static readonly Option<bool> UntilStdinCloses = new("--until-stdin-closes") { Description = "End when standard input ends, so that the node never outlives the program that started it" };

    private static readonly TimeSpan AnchorPatience = TimeSpan.FromSeconds(10);

    // For the demonstration, whose nodes pretend to be far away.
    private static readonly (Option<double?> RoundTrip, Option<double?> Uplink) Line = LineOptions.CreateOptions(hidden: true);

    /// <summary>Builds the command.</summary>
    public static Command Create()
    {
        var command = new Command(
            "node",
            """
            Host a span of a model's blocks for others

            What you give: memory for the span and its KV cache, and compute while somebody asks. What others could learn: rows of numbers pass through
            your machine, from which much of a conversation could be reconstructed; and the same holds for your own on other machines.
            Every option may also come from the environment (SKEIN_NODE_MODEL, SKEIN_NODE_BLOCKS, ...) or from --config. Example:
              skein node --model smollm2-135m --blocks 0-14 --anchor /ip4/192.0.2.7/tcp/7400/p2p/12D3Koo...
            """)
        {
            NodeSettings.Config, Announce, UntilStdinCloses, Line.RoundTrip, Line.Uplink,
        };
        foreach (var setting in NodeSettings.All)
        {
            command.Add(setting.Option);
        }

        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        var options = await NodeSettings.ReadAsync(parse, cancellationToken) with { Line = LineOptions.Read(parse, Line).Wrap() };
        using var identity = options.Identity;
        var announce = parse.GetValue(Announce);
        await using var node = announce
            ? await StartAsync(options, cancellationToken)
            : await Work.WithTextAsync("Preparing the blocks ...", _ => StartAsync(options, cancellationToken));
        await WaitUntilAnnouncedAsync(node, cancellationToken);
        if (announce)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(new { @event = "ready", port = node.Endpoint.Port, address = node.Address, model = node.ModelName, blocks = node.Span.ToString() }));
        }
        else
        {
            Terminal.Out.MarkupLine($"Hosting blocks [bold]{node.Span}[/] of [bold]{Markup.Escape(node.ModelName)}[/] at {Markup.Escape(node.Address)}. Ctrl-C ends it.");
        }

        var stop = Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
        var parentGone = parse.GetValue(UntilStdinCloses) ? Task.Run(() => Console.OpenStandardInput().CopyTo(Stream.Null), CancellationToken.None) : Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
        await Task.WhenAny(stop, parentGone);
        return 0;
    }

    private static async Task WaitUntilAnnouncedAsync(NodeHost node, CancellationToken cancellationToken)
    {
        try
        {
            await node.Announced.WaitAsync(AnchorPatience, TimeProvider.System, cancellationToken);
        }
        catch (TimeoutException)
        {
            Terminal.Err.MarkupLine("[yellow]No anchor answers yet; it is tried on. Until then nobody finds this node.[/] Check the anchor's address with 'skein ping'.");
        }
    }

    private static async Task<NodeHost> StartAsync(NodeOptions options, CancellationToken cancellationToken)
    {
        try
        {
            return await NodeHost.StartAsync(options, ModelCatalog.Resolver, TimeProvider.System, Logs.Factory, cancellationToken);
        }
        catch (Exception e) when (ListenFault.Explain(e, "--listen", options.Listen) is { } fault)
        {
            throw new UsageException(fault);
        }
    }
}
