using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Skein.Core.Identity;

namespace Skein.EndToEnd.Tests.Harness;

/// <summary>Node processes and a gateway process, started by hand as on several machines.</summary>
internal sealed partial class Ring : IAsyncDisposable
{
    public const int BlockCount = 30;
    public const string Model = "smollm2-135m";

    private readonly SkeinProcess[] _nodes;
    private readonly string? _keys;

    private Ring(SkeinProcess[] nodes, int[] ports, IReadOnlyList<BlockSpan> spans, SkeinProcess gateway, Uri address, string? keys)
    {
        _keys = keys;
        _nodes = nodes;
        Ports = ports;
        Spans = spans;
        Gateway = gateway;
        Http = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromMinutes(3) };
    }

    public HttpClient Http { get; }

    public SkeinProcess Gateway { get; }

    public IReadOnlyList<SkeinProcess> Nodes => _nodes;

    public IReadOnlyList<int> Ports { get; }

    public IReadOnlyList<BlockSpan> Spans { get; }

    public static async Task<Ring> StartAsync(int nodes = 3, int kvTokens = 16384, bool libp2p = false)
    {
        var keys = libp2p ? Directory.CreateTempSubdirectory("skein-keys-").FullName : null;
        var spans = BlockSpan.Split(BlockCount, nodes);
        var started = new List<SkeinProcess>();
        try
        {
            started.AddRange(spans.Select((span, i) => StartNode(span, 0, kvTokens, keys, i)));
            var ports = await Task.WhenAll(started.Select(node => node.WaitForPortAsync()));
            var addresses = spans.Select((_, i) => keys is null ? Invariant($"node-{i}@127.0.0.1:{ports[i]}") : started[i].Announced("address"));
            string[] arguments = ["gateway", "--model", Model, "--listen", "127.0.0.1:0", .. addresses.SelectMany(address => new[] { "--peer", address })];
            var gateway = SkeinProcess.Start(arguments);
            started.Add(gateway);
            var output = await gateway.WaitForOutputAsync("Ctrl-C");
            var ring = new Ring([.. started[..^1]], ports, spans, gateway, new Uri(Address().Match(output).Value + "/"), keys);
            await ring.WaitUntilReadyAsync();
            return ring;
        }
        catch
        {
            foreach (var process in started)
            {
                await process.DisposeAsync();
            }

            throw;
        }
    }

    public static JsonObject Chat(string prompt, int maxTokens, bool stream = false) => new()
    {
        ["model"] = Model,
        ["stream"] = stream,
        ["temperature"] = 0,
        ["max_completion_tokens"] = maxTokens,
        ["messages"] = new JsonArray(
            new JsonObject { ["role"] = "system", ["content"] = "You are a helpful assistant." },
            new JsonObject { ["role"] = "user", ["content"] = prompt }),
    };

    public async Task<JsonNode> CompleteAsync(JsonObject body, CancellationToken cancellationToken = default)
    {
        using var response = await Http.PostAsJsonAsync("v1/chat/completions", body, cancellationToken);
        var text = await response.Content.ReadAsStringAsync(cancellationToken);
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!;
    }

    public async Task<string> AnswerAsync(string prompt, int maxTokens)
        => (await CompleteAsync(Chat(prompt, maxTokens)))["choices"]![0]!["message"]!["content"]!.GetValue<string>();

    /// <summary>Starts a node again on the port that it had.</summary>
    public async Task RestartNodeAsync(int index)
    {
        await _nodes[index].DisposeAsync();
        _nodes[index] = StartNode(Spans[index], Ports[index], 16384, _keys, index);
        Assert.Equal(Ports[index], await _nodes[index].WaitForPortAsync());
    }

    public async Task WaitUntilReadyAsync()
    {
        var deadline = System.Diagnostics.Stopwatch.StartNew();
        while (true)
        {
            using var response = await Http.GetAsync("readyz");
            if (response.IsSuccessStatusCode)
            {
                return;
            }

            if (deadline.Elapsed > TimeSpan.FromSeconds(60))
            {
                Assert.Fail("The gateway did not become ready: " + await response.Content.ReadAsStringAsync());
            }

            await Task.Delay(50);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await Gateway.DisposeAsync();
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }

        if (_keys is not null)
        {
            Directory.Delete(_keys, recursive: true);
        }
    }

    private static SkeinProcess StartNode(BlockSpan span, int port, int kvTokens, string? keys, int index)
    {
        string[] listen = keys is null
            ? ["--listen", Invariant($"127.0.0.1:{port}")]
            : ["--listen", Invariant($"/ip4/127.0.0.1/tcp/{port}"), "--identity", Path.Combine(keys, Invariant($"{index}.key"))];
        return SkeinProcess.Start(["node", "--model", Model, "--blocks", Range(span), .. listen, "--kv-tokens", Invariant($"{kvTokens}"), "--announce", "--until-stdin-closes"]);
    }

    private static string Range(BlockSpan span) => Invariant($"{span.First}-{span.End - 1}");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+")]
    private static partial Regex Address();
}
