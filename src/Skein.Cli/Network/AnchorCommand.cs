using System.CommandLine;
using System.Net;
using System.Text.Json;
using Skein.Cli.Configuration;
using Skein.Cli.Output;
using Skein.P2P.Addressing;
using Skein.P2P.AutoNat;
using Skein.P2P.Connections;
using Skein.P2P.Errors;
using Skein.P2P.Kademlia;
using Skein.P2P.Network;
using Skein.P2P.Relay;
using Spectre.Console;

namespace Skein.Cli.Network;

/// <summary><c>skein anchor</c></summary>
internal static class AnchorCommand
{
    private const string DefaultListen = "/ip4/0.0.0.0/tcp/7400";

    private static readonly SettingOption Listen = new("listen", $"Multiaddr to listen on; port 0 takes any free one [default: {DefaultListen}]", "MULTIADDR", Repeats: true);
    private static readonly SettingOption Announce = new("announce", "Address to tell others besides those listened on, such as /dns4/anchor.example.org/tcp/7400. Once per address", "MULTIADDR", Repeats: true);
    private static readonly SettingOption Anchor = AnchorList.Setting("of the same network, to join it; none for the first");
    private static readonly SettingOption Identity = new("identity", "File with the anchor's key, made if it is missing: its peer id is what others are given, so keep it [default: in the user's data folder]", "FILE");
    private static readonly SettingOption[] All = [Listen, Announce, Anchor, Identity];
    private static readonly Option<string> Config = new("--config") { Description = "A JSON file with any of these settings, such as { \"listen\": [\"/ip4/0.0.0.0/tcp/7400\"] }", HelpName = "FILE" };
    private static readonly Option<bool> AsLine = new("--ready-line") { Description = "Print one line of JSON when ready, for programs that start anchors: {\"event\":\"ready\",\"address\":\"/ip4/...\"}" };
    private static readonly Option<bool> UntilStdinCloses = new("--until-stdin-closes") { Description = "End when standard input ends, so that the anchor never outlives the program that started it" };

    /// <summary>Builds the command.</summary>
    public static Command Create()
    {
        var command = new Command(
            "anchor",
            """
            Be a node of first contact: by it nodes and gateways find each other

            Needs an address that others can reach, little memory, and no model. It learns who hosts which model, and who asks for them: addresses and peer
            ids, never a word of what is said. Peers behind home routers meet through it; where they find no direct way, it carries what they say, sealed. Several anchors of one network know each other by --anchor.
            Every option may also come from the environment (SKEIN_ANCHOR_LISTEN, ...) or from --config. Example:
              skein anchor --listen /ip4/0.0.0.0/tcp/7400
            """)
        {
            Config, AsLine, UntilStdinCloses,
        };
        foreach (var setting in All)
        {
            command.Add(setting.Option);
        }

        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        var set = SettingSet.Collect(parse, All, "SKEIN_ANCHOR_", parse.GetValue(Config), Environment.GetEnvironmentVariable);
        var listen = ReadAddresses(set, Listen, address => address.IsPlainTcp && address.TcpEndPoint is not null);
        var announce = ReadAddresses(set, Announce, address => address.HasTcp);
        var anchors = AnchorList.Read(set, Anchor);
        set.ThrowIfFaulty();
        using var key = await OwnIdentity.LoadAsync(set.Text(Identity), cancellationToken);
        await using var node = await StartAsync(
            new NetworkOptions
            {
                Key = key,
                Listen = listen.Count > 0 ? listen : [Multiaddr.Parse(DefaultListen)],
                Announce = announce,
                Anchors = anchors,
                Dht = KademliaMode.Server,
                Relay = new RelayServerOptions(),
                AutoNat = new AutoNatServerOptions(),
                // Everybody's first contact: more strangers, and short visits.
                Limits = new P2PLimits { MaxConnections = 2048, IdleTimeout = TimeSpan.FromMinutes(2) },
            },
            cancellationToken);
        if (parse.GetValue(AsLine))
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(new { @event = "ready", address = node.Addresses[0].ToString() }));
        }
        else
        {
            Terminal.Out.MarkupLine("Others reach this anchor by one of:");
            foreach (var address in node.Addresses)
            {
                Terminal.Out.WriteLine($"  --anchor {address}");
            }

            Terminal.Out.WriteLine("Ctrl-C ends it.");
        }

        var stop = Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
        var parentGone = parse.GetValue(UntilStdinCloses) ? Task.Run(() => Console.OpenStandardInput().CopyTo(Stream.Null), CancellationToken.None) : stop;
        await Task.WhenAny(stop, parentGone);
        return 0;
    }

    private static async Task<NetworkNode> StartAsync(NetworkOptions options, CancellationToken cancellationToken)
    {
        try
        {
            return await NetworkNode.StartAsync(options, TimeProvider.System, cancellationToken);
        }
        catch (P2PException e) when (ListenFault.Explain(e, "--listen", options.Listen.Select(address => address.TcpEndPoint).OfType<IPEndPoint>().ToList()) is { } fault)
        {
            throw new UsageException(fault);
        }
    }

    private static List<Multiaddr> ReadAddresses(SettingSet set, SettingOption setting, Func<Multiaddr, bool> fits)
    {
        var addresses = new List<Multiaddr>();
        foreach (var text in set.Texts(setting))
        {
            if (Multiaddr.TryParse(text, out var address) && fits(address))
            {
                addresses.Add(address);
            }
            else
            {
                set.AddFault($"--{setting.Name} takes a multiaddr such as {DefaultListen}, not '{text}'.");
            }
        }

        return addresses;
    }
}
