using System.CommandLine;
using System.Net;
using Skein.Cli.Configuration;
using Skein.Cli.Network;
using Skein.Core.Identity;
using Skein.Engine.Lanes;
using Skein.Node;
using Skein.P2P.Addressing;

namespace Skein.Cli.Nodes;

/// <summary>The settings of a node, from options, environment (<c>SKEIN_NODE_*</c>) and file.</summary>
internal static class NodeSettings
{
    public static readonly SettingOption Model = new("model", "A model by name (see 'skein model list') or a GGUF file", "NAME|FILE");
    public static readonly SettingOption Blocks = new("blocks", "Blocks to host, both ends included, such as 0-9", "FIRST-LAST");
    public static readonly SettingOption Listen = new("listen", "Address and port to listen on; port 0 takes any free one. IP:PORT speaks plain TCP, for networks that are trusted; a multiaddr such as /ip4/0.0.0.0/tcp/7410 speaks libp2p, encrypted and with a proven identity [default: 127.0.0.1:7410]", "IP:PORT|MULTIADDR");
    public static readonly SettingOption Name = new("name", "What others see in tables [default: this machine's name]", "TEXT");
    public static readonly SettingOption KvTokens = new("kv-tokens", "Tokens of all conversations together that fit in memory [default: 16384]", "N");
    public static readonly SettingOption Threads = new("threads", "Compute threads [default: all processors but one]", "N");

    public static readonly SettingOption Identity = new("identity", "File with the node's key, made if it is missing; only for libp2p [default: in the user's data folder]", "FILE");

    public static readonly SettingOption Anchor = AnchorList.Setting("by which gateways find this node; then it speaks libp2p");

    public static readonly SettingOption PortMapping = new("port-mapping", "Whether to ask the home router to lead a port here (UPnP, NAT-PMP, PCP); only for libp2p [default: on]", "on|off");

    public static readonly SettingOption[] All = [Model, Blocks, Listen, Anchor, Identity, PortMapping, Name, KvTokens, Threads];

    public static readonly Option<string> Config = new("--config") { Description = "A JSON file with any of these settings, such as { \"model\": \"smollm2-135m\", \"blocks\": \"0-9\", \"kvTokens\": 8192 }", HelpName = "FILE" };

    /// <summary>Reads and checks everything; all faults are reported at once.</summary>
    public static async Task<NodeOptions> ReadAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        var set = SettingSet.Collect(parse, All, "SKEIN_NODE_", parse.GetValue(Config), Environment.GetEnvironmentVariable);
        var model = set.Text(Model);
        if (model is null)
        {
            set.AddFault("--model is missing: name a model ('skein model list' shows those that are here) or a GGUF file.");
        }

        var span = default(BlockSpan);
        if (set.Text(Blocks) is not { } blocks)
        {
            set.AddFault("--blocks is missing: say which blocks to host, such as --blocks 0-9.");
        }
        else if (!BlockRange.TryParse(blocks, out span))
        {
            set.AddFault($"--blocks takes a range such as 0-9, not '{blocks}'.");
        }

        var anchors = AnchorList.Read(set, Anchor);
        var listen = set.Text(Listen) ?? (set.Texts(Anchor).Count > 0 ? "/ip4/0.0.0.0/tcp/7410" : "127.0.0.1:7410");
        var isLibp2p = listen.StartsWith('/');
        IPEndPoint? endpoint = null;
        if (isLibp2p ? !Multiaddr.TryParse(listen, out var multiaddr) || !multiaddr.IsPlainTcp || (endpoint = multiaddr.TcpEndPoint) is null : !IPEndPoint.TryParse(listen, out endpoint) || !listen.Contains(':', StringComparison.Ordinal))
        {
            set.AddFault($"--listen takes an address and a port such as 0.0.0.0:7410 or /ip4/0.0.0.0/tcp/7410, not '{listen}'.");
        }

        if (!isLibp2p && set.Text(Identity) is not null)
        {
            set.AddFault("--identity goes with a --listen that is a multiaddr, such as /ip4/0.0.0.0/tcp/7410: plain TCP proves no identity.");
        }

        var portMapping = set.Text(PortMapping) ?? "on";
        if (portMapping is not ("on" or "off"))
        {
            set.AddFault($"--port-mapping is on or off, not '{portMapping}'.");
        }

        if (!isLibp2p && set.Texts(Anchor).Count > 0)
        {
            set.AddFault("--anchor goes with a --listen that is a multiaddr, such as /ip4/0.0.0.0/tcp/7410: only libp2p peers can be found.");
        }

        var options = new NodeOptions
        {
            Model = model ?? string.Empty,
            Span = span,
            Anchors = anchors,
            Listen = endpoint ?? new IPEndPoint(IPAddress.Loopback, 0),
            MapPort = portMapping == "on",
            Name = set.Text(Name) ?? Environment.MachineName,
            KvTokens = set.Number(KvTokens, NodeOptions.DefaultKvTokens, 64, 1 << 24),
            Threads = set.Number(Threads, ComputeLanes.DefaultThreads(), 1, Environment.ProcessorCount),
        };
        set.ThrowIfFaulty();
        return isLibp2p ? options with { Identity = await OwnIdentity.LoadAsync(set.Text(Identity), cancellationToken) } : options;
    }
}
