using System.CommandLine;
using System.Net;
using Skein.Cli.Configuration;
using Skein.Core.Identity;
using Skein.Engine.Lanes;
using Skein.Node;

namespace Skein.Cli.Nodes;

/// <summary>The settings of a node, from options, environment (<c>SKEIN_NODE_*</c>) and file.</summary>
internal static class NodeSettings
{
    public static readonly SettingOption Model = new("model", "A model by name (see 'skein model list') or a GGUF file", "NAME|FILE");
    public static readonly SettingOption Blocks = new("blocks", "Blocks to host, both ends included, such as 0-9", "FIRST-LAST");
    public static readonly SettingOption Listen = new("listen", "Address and port to listen on; port 0 takes any free one [default: 127.0.0.1:7410]", "IP:PORT");
    public static readonly SettingOption Name = new("name", "What others see in tables [default: this machine's name]", "TEXT");
    public static readonly SettingOption KvTokens = new("kv-tokens", "Tokens of all conversations together that fit in memory [default: 16384]", "N");
    public static readonly SettingOption Threads = new("threads", "Compute threads [default: all processors but one]", "N");

    public static readonly SettingOption[] All = [Model, Blocks, Listen, Name, KvTokens, Threads];

    public static readonly Option<string> Config = new("--config") { Description = "A JSON file with any of these settings, such as { \"model\": \"smollm2-135m\", \"blocks\": \"0-9\", \"kvTokens\": 8192 }", HelpName = "FILE" };

    /// <summary>Reads and checks everything; all faults are reported at once.</summary>
    public static NodeOptions Read(ParseResult parse)
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

        var listen = set.Text(Listen) ?? "127.0.0.1:7410";
        if (!IPEndPoint.TryParse(listen, out var endpoint) || !listen.Contains(':', StringComparison.Ordinal))
        {
            set.AddFault($"--listen takes an address and a port such as 0.0.0.0:7410, not '{listen}'.");
        }

        var options = new NodeOptions
        {
            Model = model ?? string.Empty,
            Span = span,
            Listen = endpoint ?? new IPEndPoint(IPAddress.Loopback, 0),
            Name = set.Text(Name) ?? Environment.MachineName,
            KvTokens = set.Number(KvTokens, NodeOptions.DefaultKvTokens, 64, 1 << 24),
            Threads = set.Number(Threads, ComputeLanes.DefaultThreads(), 1, Environment.ProcessorCount),
        };
        set.ThrowIfFaulty();
        return options;
    }
}
