using System.CommandLine;
using System.Text.Json;
using Skein.Cli.Configuration;
using Skein.Cli.Output;
using Skein.P2P.Addressing;
using Skein.P2P.Connections;
using Skein.P2P.Identity;
using Skein.P2P.Relay;
using Skein.P2P.Transports;
using Skein.P2P.Transports.Tcp;
using Spectre.Console;

namespace Skein.Cli.Bench.Net;

/// <summary><c>skein bench net</c></summary>
internal static class NetBenchCommand
{
    private static readonly Option<int> Rounds = new("--rounds") { Description = "Rounds of each pair; the median counts", HelpName = "N", DefaultValueFactory = _ => 3 };
    private static readonly Option<int> Messages = new("--messages") { Description = "Decode messages on the slow line", HelpName = "N", DefaultValueFactory = _ => 400 };
    private static readonly Option<bool> AsJson = new("--json") { Description = "Print the report as JSON" };
    private static readonly Option<bool> Shaped = new("--shaped") { Hidden = true };
    private static readonly Option<bool> Relay = new("--relay") { Hidden = true };
    private static readonly Option<string> Via = new("--via") { Hidden = true };

    /// <summary>Builds the command.</summary>
    public static Command Create()
    {
        var command = new Command(
            "net",
            """
            The network stack on loopback: round trips, bulk, allocations, and decode messages beside a bulk transfer

            Two processes each; this library against itself and against js-libp2p in turns. js-libp2p comes from the interop tests: './test Interop' installs it;
            without it only this library is measured. The slow line (20 Mbit/s, 40 ms, 0.05 % loss) is played inside the processes.
            """)
        {
            Rounds, Messages, AsJson,
        };
        command.SetAction(RunAsync);
        return command;
    }

    /// <summary>Builds the command of the other end.</summary>
    public static Command CreatePeer()
    {
        var command = new Command("net-peer", "The other end of 'bench net'") { Shaped, Relay, Via };
        command.Hidden = true;
        command.SetAction(ServeAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        var (rounds, messages) = (parse.GetValue(Rounds), parse.GetValue(Messages));
        if (rounds is < 1 or > 100 || messages is < 3 or > 10_000)
        {
            throw new UsageException("--rounds takes 1 to 100, --messages 3 to 10000.");
        }

        var report = await Work.WithTextAsync("Measuring ...", progress => NetBench.RunAsync(rounds, messages, progress, cancellationToken));
        if (parse.GetValue(AsJson))
        {
            Terminal.WriteJson(report);
            return 0;
        }

        var table = new Table().Border(TableBorder.Rounded).Title($"median of {report.Rounds}").AddColumns("", "8 KiB p50", "p99", "32 KiB p50", "p99", "bulk", "allocated");
        Add("skein to skein", report.SkeinToSkein);
        Add("js to js", report.JsToJs);
        Add("skein to js", report.SkeinToJs);
        Add("skein through a relay", report.Relay);
        Terminal.Out.Write(table);
        if (report.JsToJs is null)
        {
            Terminal.Err.MarkupLine("[yellow]js-libp2p is not here: './test Interop' installs it.[/]");
        }

        var decode = report.Decode;
        Terminal.Out.Write(new Table().Border(TableBorder.Rounded).Title($"decode messages at {NetBench.Show(decode.LineMbit)} Mbit/s, {NetBench.Show(decode.LineRttMs)} ms, {100 * decode.LineLoss:0.##} % loss").AddColumns("", "p50", "p99", "bulk beside")
            .AddRow(Row("alone", decode.Alone)).AddRow(Row("beside bulk, two connections", decode.BesideBulkTwoConnections)).AddRow(Row("beside bulk, one connection", decode.BesideBulkOneConnection))
            .AddRow(Row("beside bulk that is not paced, two connections", decode.BesideUnpacedBulkTwoConnections)).AddRow(Row("beside bulk that is not paced, one connection", decode.BesideUnpacedBulkOneConnection)));
        return 0;

        void Add(string name, NetBenchFigures? figures)
        {
            if (figures is not null)
            {
                table.AddRow(
                    name, $"{NetBench.Show(figures.Rtt8KP50Us)} us", $"{NetBench.Show(figures.Rtt8KP99Us)} us", $"{NetBench.Show(figures.Rtt32KP50Us)} us", $"{NetBench.Show(figures.Rtt32KP99Us)} us",
                    $"{NetBench.Show(figures.BulkMibPerSecond)} MiB/s", figures.AllocatedBytesPerMessage is { } bytes ? $"{NetBench.Show(bytes)} B a message" : string.Empty);
            }
        }

        static string[] Row(string name, NetBenchLatency latency) => [name, $"{NetBench.Show(latency.P50Ms)} ms", $"{NetBench.Show(latency.P99Ms)} ms", $"{NetBench.Show(latency.BulkMbit)} Mbit/s"];
    }

    private static async Task<int> ServeAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        using var key = PeerKey.Generate();
        ITransport tcp = new TcpTransport(new TcpTransportOptions(), TimeProvider.System);
        await using var host = new P2PHost(
            new P2PHostOptions { Key = key, Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")] },
            [parse.GetValue(Shaped) ? NetBench.Shape(tcp) : tcp],
            TimeProvider.System);
        NetBenchProtocols.Serve(host);
        await using var relays = new RelayClient(host, new RelayClientOptions(), TimeProvider.System);
        await host.StartAsync(cancellationToken);
        await using var relay = parse.GetValue(Relay)
            ? new RelayServer(host, new RelayServerOptions { ClassOf = _ => RelayClass.Swarm, RatePerPeer = 0, TellPrivateAddresses = true }, TimeProvider.System)
            : null;
        var address = host.Addresses[0].WithPeerId(host.Id);
        if (parse.GetValue(Via) is { } via)
        {
            var place = await host.ConnectAsync(Multiaddr.Parse(via), cancellationToken);
            relays.Keep(place.Peer);
            while (relays.Places is not [{ Reservation: not null }])
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, cancellationToken);
            }

            address = Multiaddr.Parse($"{via}/p2p-circuit/p2p/{host.Id}");
        }

        Console.Out.WriteLine(JsonSerializer.Serialize(new { @event = "ready", address = address.ToString() }));
        await Console.OpenStandardInput().CopyToAsync(Stream.Null, cancellationToken);
        return 0;
    }
}
