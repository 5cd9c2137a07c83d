using System.CommandLine;
using System.Globalization;
using Skein.Cli.Configuration;
using Skein.Cli.Output;
using Skein.P2P.Addressing;
using Spectre.Console;

namespace Skein.Cli.Network;

/// <summary><c>skein net</c></summary>
internal static class NetCommand
{
    private const string DefaultListen = "/ip4/0.0.0.0/tcp/7410";

    private static readonly Option<string[]> Anchor = new("--anchor") { Description = "A node of first contact to ask: its multiaddr with the peer id. Once per anchor; two tell more than one", HelpName = "MULTIADDR" };
    private static readonly Option<string> Listen = new("--listen") { Description = $"Where the node would listen [default: {DefaultListen}; another free port if a node has that one]", HelpName = "MULTIADDR" };
    private static readonly Option<string> Identity = new("--identity") { Description = "File with the key to check with [default: a new one, forgotten afterwards]", HelpName = "FILE" };
    private static readonly Option<bool> AsJson = new("--json") { Description = "Print JSON" };

    /// <summary>Builds the command.</summary>
    public static Command Create() => new("net", "Look at this machine's way into the network") { CreateCheck() };

    private static Command CreateCheck()
    {
        var command = new Command(
            "check",
            """
            Find out whether others reach this machine, by what address, and what to do if not

            Asks the home router for a port, and the anchors to dial back. Ends within a minute. Stop the node first to check its own port.
            Exit code: 0 others reach this machine; 3 they do not, or only through a relay; 1 nobody could tell; 2 asked for wrongly. Example:
              skein net check --anchor /ip4/192.0.2.7/tcp/7400/p2p/12D3Koo...
            """)
        {
            Anchor, Listen, Identity, AsJson,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        var anchors = (parse.GetValue(Anchor) ?? []).Select(text => Multiaddr.TryParse(text, out var address) && address.PeerId is not null
            ? address
            : throw new UsageException($"--anchor takes a multiaddr that names a peer, such as /ip4/192.0.2.7/tcp/7400/p2p/12D3Koo..., not '{text}'.")).ToArray();
        var given = parse.GetValue(Listen);
        if (!Multiaddr.TryParse(given ?? DefaultListen, out var listen) || !listen.IsPlainTcp || listen.TcpEndPoint is null)
        {
            throw new UsageException($"--listen takes a multiaddr such as {DefaultListen}, not '{given}'.");
        }

        var report = await Work.WithTextAsync("Looking at this machine ...", progress => NetCheck.RunAsync(anchors, listen, mayMove: given is null, parse.GetValue(Identity), progress, cancellationToken));
        if (parse.GetValue(AsJson))
        {
            Terminal.WriteJson(report);
        }
        else
        {
            Print(report);
        }

        return report.Reachable switch { "yes" => 0, "no" => 3, _ => 1 };
    }

    private static void Print(NetCheckReport report)
    {
        Terminal.Out.MarkupLine(report.Reachable switch
        {
            "yes" => "[green]Others reach this machine.[/]",
            "no" => "[yellow]Others do not reach this machine directly.[/]",
            _ => "[yellow]Nobody could tell whether others reach this machine.[/]",
        });
        var table = new Table().Border(TableBorder.None).HideHeaders().AddColumns(string.Empty, string.Empty);
        Add("peer id", report.Peer);
        Add("listens on", string.Join(Environment.NewLine, report.Listening));
        Add("seen as", report.PublicAddress ?? "nobody told");
        foreach (var address in report.Addresses)
        {
            Add(address.Source, $"{address.Address}: {address.State}");
        }

        Add("router", report.NatInWords);
        Add("router's port", report.PortMapping);
        foreach (var anchor in report.Anchors)
        {
            Add("anchor", anchor.RttMs is { } ms ? string.Create(CultureInfo.InvariantCulture, $"{anchor.Address}: {ms:0.0} ms") : $"{anchor.Address}: {anchor.Fault}");
        }

        foreach (var relay in report.RelayedBy)
        {
            Add("relayed by", relay);
        }

        Terminal.Out.Write(table);
        foreach (var step in report.NextSteps)
        {
            Terminal.Out.WriteLine("- " + step);
        }

        void Add(string name, string value) => table.AddRow(Markup.Escape(name), Markup.Escape(value));
    }
}
