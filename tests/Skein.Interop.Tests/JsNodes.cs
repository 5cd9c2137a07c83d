using System.Text.Json.Nodes;
using Skein.P2P.Addressing;
using Skein.P2P.Identity;

namespace Skein.Interop.Tests;

/// <summary>js-libp2p peers that a test starts as it needs them, in one process.</summary>
public sealed class JsNodes : JsPeer
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    private int _started;

    protected override string Script => "nodes.mjs";

    /// <summary>Starts a node.</summary>
    /// <param name="listen">Where it listens.</param>
    /// <param name="announce">What it tells instead.</param>
    /// <param name="services">Beside Identify and Ping: <c>autonat</c>, <c>autonat2</c>, <c>dcutr</c>, <c>relay</c> (without limits), <c>strictRelay</c>.</param>
    /// <param name="from">The address that its dials leave from.</param>
    /// <param name="idle">After how long without a byte it closes a socket; its own two minutes if null.</param>
    /// <param name="quiet">Whether it sends no pings of its own.</param>
    public async Task<JsNode> StartAsync(string[] listen, string[]? announce = null, string[]? services = null, string? from = null, TimeSpan? idle = null, bool quiet = false)
    {
        var node = Interlocked.Increment(ref _started);
        var started = await CallAsync("start", new { node, listen, announce = announce ?? [], services = services ?? [], from, idle = (int?)idle?.TotalMilliseconds, quiet });
        return new JsNode(this, node, PeerId.Parse((string)started["id"]!), Texts(started["listens"]!), Texts(started["addresses"]!));
    }

    /// <summary>Asks until the answer is the expected one.</summary>
    public async Task<JsonNode> UntilAsync(string name, object arguments, Func<JsonNode, bool> condition, string phase)
    {
        var end = Environment.TickCount64 + (long)Bound.TotalMilliseconds;
        while (true)
        {
            var answer = await CallAsync(name, arguments);
            if (condition(answer))
            {
                return answer;
            }

            Assert.True(Environment.TickCount64 < end, $"js-libp2p still lacks, after {Bound.TotalSeconds:0} s: {phase}. It says {answer.ToJsonString()}");
            await Task.Delay(20);
        }
    }

    private static IReadOnlyList<Multiaddr> Texts(JsonNode list) => [.. list.AsArray().Select(text => Multiaddr.Parse((string)text!).WithoutPeerId())];
}
