using System.CommandLine;
using System.Globalization;
using Skein.Cli.Configuration;
using Skein.Cli.Models;
using Skein.Cli.Output;
using Skein.P2P.Addressing;
using Skein.P2P.Errors;
using Skein.P2P.Identity;
using Skein.P2P.Network;
using Skein.Swarm.Discovery;
using Spectre.Console;

namespace Skein.Cli.Network;

/// <summary><c>skein peers</c></summary>
internal static class PeersCommand
{
    // Enough to see a network; a big one is not listed whole.
    private const int Most = 64;

    private static readonly TimeSpan JoinPatience = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan PingPatience = TimeSpan.FromSeconds(10);

    private static readonly Option<string[]> Anchor = new("--anchor") { Description = "A node of first contact: its multiaddr with the peer id", HelpName = "MULTIADDR", Required = true };
    private static readonly Option<string> Model = new("--model") { Description = "Show who hosts this model, by name or GGUF file, instead of who serves the network", HelpName = "NAME|FILE" };
    private static readonly Option<bool> AsJson = new("--json") { Description = "Print JSON" };

    /// <summary>Builds the command.</summary>
    public static Command Create()
    {
        var command = new Command("peers", "Show who is in the network: where, what they run, and how far away") { Anchor, Model, AsJson };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        var anchors = parse.GetValue(Anchor)!.Select(text => Multiaddr.TryParse(text, out var address) && address.PeerId is not null
            ? address
            : throw new UsageException($"--anchor takes a multiaddr that names a peer, such as /ip4/192.0.2.7/tcp/7400/p2p/12D3Koo..., not '{text}'.")).ToArray();
        var model = parse.GetValue(Model) is { } name ? await ModelCatalog.ResolveAsync(name, cancellationToken) : null;
        using var key = PeerKey.Generate();
        await using var node = await NetworkNode.StartAsync(new NetworkOptions { Key = key, Anchors = anchors }, TimeProvider.System, cancellationToken);
        var rows = await Work.WithTextAsync("Looking around ...", async _ =>
        {
            await node.Dht.WaitUntilJoinedAsync(JoinPatience, cancellationToken);
            var found = model is null
                ? (await node.Dht.FindClosestAsync(node.Host.Id.Bytes, cancellationToken)).Concat(node.Dht.TablePeers).Distinct()
                : (await node.Dht.FindProvidersAsync(ModelDirectory.KeyOf(model.Digest), Most, cancellationToken)).Select(peer => peer.Id);
            return await Task.WhenAll(found.Take(Most).Select(peer => DescribeAsync(node, peer, cancellationToken)));
        });
        if (parse.GetValue(AsJson))
        {
            Terminal.WriteJson(rows);
            return 0;
        }

        if (rows.Length == 0)
        {
            Terminal.Out.WriteLine(model is null ? "Nobody is there." : $"Nobody hosts {model.Name}.");
            return 0;
        }

        var table = new Table().Border(TableBorder.Rounded).AddColumns("peer", "address", "runs", "round trip");
        foreach (var row in rows)
        {
            table.AddRow(row.Peer, Markup.Escape(row.Addresses is [var first, ..] ? first : "?"), Markup.Escape(row.Agent ?? "?"), row.RttMs is { } ms ? string.Create(CultureInfo.InvariantCulture, $"{ms:0.0} ms") : "[red]does not answer[/]");
        }

        Terminal.Out.Write(table);
        return 0;
    }

    private static async Task<PeerRow> DescribeAsync(NetworkNode node, PeerId peer, CancellationToken cancellationToken)
    {
        double? milliseconds = null;
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(PingPatience);
        try
        {
            milliseconds = (await node.Host.PingAsync(peer, bound.Token)).TotalMilliseconds;
        }
        catch (Exception fault) when (fault is P2PException or IOException || (fault is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // It is shown as silent.
        }

        var known = node.Host.Peers.Find(peer);
        return new PeerRow(peer.ToString(), [.. (known?.Addresses ?? []).Select(address => address.ToString())], known?.AgentVersion, milliseconds);
    }

    /// <summary>One peer.</summary>
    private sealed record PeerRow(string Peer, IReadOnlyList<string> Addresses, string? Agent, double? RttMs);
}
