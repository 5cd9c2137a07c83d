using System.CommandLine;
using System.Globalization;
using System.Net;
using Skein.Cli.Configuration;
using Skein.Cli.Network;
using Skein.Engine.Lanes;
using Skein.Gateway.Hosting;
using Skein.Gateway.OnePort;
using Skein.P2P.Addressing;
using Skein.Swarm.Transport;

namespace Skein.Cli.Gateways;

/// <summary>The settings of a gateway, from options, environment (<c>SKEIN_GATEWAY_*</c>) and file.</summary>
internal static class GatewaySettings
{
    /// <summary>The model that the repository carries.</summary>
    public const string DefaultModel = "smollm2-135m";

    public static readonly SettingOption Model = new("model", $"A model by name (see 'skein model list') or a GGUF file [default: {DefaultModel}]", "NAME|FILE");
    public static readonly SettingOption Peer = new("peer", "A node: 192.0.2.7:7410, with a name for reports anna@192.0.2.7:7410, or over libp2p the multiaddr that it prints. Once per node; which blocks it hosts, it says itself", "[NAME@]HOST:PORT|MULTIADDR", Repeats: true);
    public static readonly SettingOption Anchor = AnchorList.Setting("by which the nodes that hold the model are found, instead of --peer");
    public static readonly SettingOption Codec = new("codec", "How rows travel: f32 (exact) or f16 (half the bytes) [default: f32]", "f32|f16");
    public static readonly SettingOption Threads = new("threads", "Compute threads for embedding and head [default: all processors but one]", "N");
    public static readonly SettingOption Listen = new("listen", "Address and port to listen on; port 0 takes any free one. With --anchor, or a --peer by multiaddr, the one port serves the API and its pages and takes libp2p peers, by TCP and by WebSocket [default: 127.0.0.1:8080]", "IP:PORT");
    public static readonly SettingOption Certificate = new("certificate", "A certificate with its private key, PEM or PKCS #12 without a password, for https and wss: beside http and ws at the same port, or, if nodes are named by HOST:PORT, instead of them. Read once, so restart when it is renewed", "FILE");
    public static readonly SettingOption CertificateKey = new("certificate-key", "The private key of --certificate in PEM, if it is in a file of its own", "FILE");
    public static readonly SettingOption Identity = new("identity", "File with the gateway's key, made if it is missing, so that it keeps its peer id [default: a new key each time, by which nobody recognises it]", "FILE");
    public static readonly SettingOption ApiKey = new("api-key", "A key that clients must send; once per key. Without any, everybody may use the gateway", "KEY", Repeats: true);

    /// <summary>What a coordinator needs.</summary>
    public static readonly SettingOption[] Ring = [Model, Peer, Anchor, Codec, Threads];

    /// <summary>What a gateway needs.</summary>
    public static readonly SettingOption[] All = [.. Ring, Listen, ApiKey, Certificate, CertificateKey, Identity];

    public static readonly Option<string> Config = new("--config") { Description = "A JSON file with any of these settings: { \"model\": \"smollm2-135m\", \"peer\": [\"192.0.2.7:7410\"] }", HelpName = "FILE" };

    /// <summary>Adds options to a command.</summary>
    public static void AddTo(Command command, IReadOnlyList<SettingOption> settings)
    {
        foreach (var setting in settings)
        {
            command.Add(setting.Option);
        }

        command.Add(Config);
    }

    /// <summary>Reads and checks everything; all faults are reported at once.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="listenDefault">Where to listen unless somebody says otherwise.</param>
    /// <param name="forOthers">Whether others come to this gateway: only then it needs a certificate or a lasting identity. The caller disposes both.</param>
    /// <param name="cancellationToken">Safe.</param>
    public static async Task<GatewayHostOptions> ReadAsync(ParseResult parse, string listenDefault, bool forOthers, CancellationToken cancellationToken)
    {
        var set = SettingSet.Collect(parse, All, "SKEIN_GATEWAY_", parse.GetValue(Config), Environment.GetEnvironmentVariable);
        var options = new GatewayHostOptions
        {
            Model = set.Text(Model) ?? DefaultModel,
            Peers = ReadPeers(set),
            Anchors = AnchorList.Read(set, Anchor),
            HalfPrecision = ReadCodec(set),
            Threads = set.Number(Threads, ComputeLanes.DefaultThreads(), 1, Environment.ProcessorCount),
            Listen = ReadListen(set, listenDefault),
            ApiKeys = set.Texts(ApiKey),
            Certificate = forOthers ? ReadCertificate(set) : null,
        };
        var identity = forOthers ? set.Text(Identity) : null;
        if (identity is not null && !options.UsesLibp2p)
        {
            set.AddFault("--identity goes with --anchor, or a --peer by multiaddr: plain TCP proves no identity.");
        }

        set.ThrowIfFaulty();
        return identity is null ? options : options with { Identity = await OwnIdentity.LoadAsync(identity, cancellationToken) };
    }

    /// <summary>A gateway of the demonstration.</summary>
    public static GatewayHostOptions ForDemo(string model, Multiaddr anchor, int port, Func<IRingTransport, IRingTransport>? line) => new()
    {
        Line = line,
        Model = model,
        Anchors = [anchor],
        Listen = new IPEndPoint(IPAddress.Loopback, port),
    };

    private static List<PeerAddress> ReadPeers(SettingSet set)
    {
        var peers = new List<PeerAddress>();
        foreach (var text in set.Texts(Peer))
        {
            if (TryParsePeer(text, out var peer))
            {
                peers.Add(peer);
            }
            else
            {
                set.AddFault($"--peer takes an address such as 192.0.2.7:7410, or a multiaddr such as /ip4/192.0.2.7/tcp/7410/p2p/12D3Koo..., not '{text}'.");
            }
        }

        if (peers.DistinctBy(peer => peer.Addresses[0].StartsWith('/')).Count() > 1)
        {
            set.AddFault("--peer: name all nodes by HOST:PORT or all by multiaddr; a chain is either plain TCP or libp2p throughout.");
        }

        var hasAnchors = set.Texts(Anchor).Count > 0;
        if (set.Texts(Peer).Count == 0 && !hasAnchors)
        {
            set.AddFault("--anchor or --peer is missing: name an anchor that finds the nodes, or each node, such as --peer 192.0.2.7:7410 (or run 'skein demo', which needs neither).");
        }
        else if (peers.Count > 0 && hasAnchors)
        {
            set.AddFault("--anchor and --peer exclude each other: either the anchor finds the nodes, or you name them.");
        }

        return peers;
    }

    private static bool TryParsePeer(string text, out PeerAddress peer)
    {
        if (text.StartsWith('/'))
        {
            return P2PRingTransport.TryParse(text, out peer);
        }

        peer = null!;
        var at = text.IndexOf('@', StringComparison.Ordinal);
        var name = at < 0 ? text : text[..at];
        var address = text[(at + 1)..];
        var colon = address.LastIndexOf(':');
        if (name.Length == 0 || colon <= 0 || !ushort.TryParse(address[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port == 0)
        {
            return false;
        }

        peer = new PeerAddress(name, [address]);
        return true;
    }

    private static GatewayCertificate? ReadCertificate(SettingSet set)
    {
        var (file, keyFile) = (set.Text(Certificate), set.Text(CertificateKey));
        if (file is null)
        {
            if (keyFile is not null)
            {
                set.AddFault("--certificate-key goes with --certificate.");
            }

            return null;
        }

        if (!GatewayCertificate.TryLoad(file, keyFile, TimeProvider.System, out var certificate, out var fault))
        {
            set.AddFault(fault);
        }

        return certificate;
    }

    private static bool ReadCodec(SettingSet set)
    {
        switch (set.Text(Codec))
        {
            case null or "f32":
                return false;
            case "f16":
                return true;
            case var other:
                set.AddFault($"--codec is f32 or f16, not '{other}'.");
                return false;
        }
    }

    private static IPEndPoint ReadListen(SettingSet set, string fallback)
    {
        var text = set.Text(Listen) ?? fallback;
        if (IPEndPoint.TryParse(text, out var endpoint) && text.Contains(':', StringComparison.Ordinal))
        {
            return endpoint;
        }

        set.AddFault($"--listen takes an address and a port such as 0.0.0.0:8080, not '{text}'.");
        return new IPEndPoint(IPAddress.Loopback, 0);
    }
}
