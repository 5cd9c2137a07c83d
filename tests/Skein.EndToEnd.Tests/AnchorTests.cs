using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Skein.EndToEnd.Tests.Harness;

namespace Skein.EndToEnd.Tests;

/// <summary>Nodes and gateways that know nothing but an anchor.</summary>
public sealed partial class AnchorTests : IDisposable
{
    private readonly string _keys = Directory.CreateTempSubdirectory("skein-keys-").FullName;

    public void Dispose() => Directory.Delete(_keys, recursive: true);

    [Fact]
    public async Task Anchor_NodesAndGatewayFindEachOther_AlsoAfterItStartsAnew()
    {
        await using var anchor = StartAnchor(0);
        var port = await WaitForAnchorAsync(anchor);
        var address = anchor.Announced("address");
        await using var first = StartNode("0-9", address, 0);
        await using var second = StartNode("10-19", address, 1);
        await using var third = StartNode("20-29", address, 2);
        foreach (var node in new[] { first, second, third })
        {
            await node.WaitForPortAsync();
        }

        await AnswersAsync(address);
        var (exitCode, output, errors) = await SkeinProcess.RunAsync("peers", "--anchor", address, "--model", Ring.Model, "--json");
        Assert.True(exitCode == 0, errors);
        using var peers = JsonDocument.Parse(output);
        Assert.Equal(3, peers.RootElement.GetArrayLength());
        Assert.All(peers.RootElement.EnumerateArray(), peer => Assert.True(peer.GetProperty("rtt_ms").GetDouble() > 0));

        // An anchor that lost its memory: nodes come back and say again what they host.
        anchor.Kill();
        await anchor.WaitAsync();
        await using var again = StartAnchor(port);
        await WaitForAnchorAsync(again);
        Assert.Equal(address, again.Announced("address"));
        await AnswersAsync(address);
    }

    [Fact]
    public async Task Peers_OfAnAnchorAlone_ListsIt()
    {
        await using var anchor = StartAnchor(0);
        await WaitForAnchorAsync(anchor);

        var (exitCode, output, errors) = await SkeinProcess.RunAsync("peers", "--anchor", anchor.Announced("address"), "--json");

        Assert.True(exitCode == 0, errors);
        using var peers = JsonDocument.Parse(output);
        var only = Assert.Single(peers.RootElement.EnumerateArray());
        Assert.EndsWith(only.GetProperty("peer").GetString()!, anchor.Announced("address"), StringComparison.Ordinal);
        Assert.StartsWith("skein/", only.GetProperty("agent").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--anchor", "peers", "--anchor", "192.0.2.7:7400")]
    [InlineData("--anchor", "gateway", "--anchor", "/ip4/192.0.2.7/tcp/7400")]
    [InlineData("exclude each other", "gateway", "--anchor", "/ip4/192.0.2.7/tcp/7400/p2p/12D3KooWRawPbxPtP1eZaJpumGnyWX2DcUyd3RQnydr3eAto4Az7", "--peer", "127.0.0.1:9")]
    [InlineData("--listen", "node", "--model", "smollm2-135m", "--blocks", "0-9", "--listen", "127.0.0.1:0", "--anchor", "/ip4/192.0.2.7/tcp/7400/p2p/12D3KooWRawPbxPtP1eZaJpumGnyWX2DcUyd3RQnydr3eAto4Az7")]
    [InlineData("--listen", "anchor", "--listen", "127.0.0.1:7400")]
    public async Task Options_ThatCannotBe_SaySo(string expected, params string[] arguments)
    {
        var (exitCode, _, errors) = await SkeinProcess.RunAsync(arguments);

        Assert.Equal(2, exitCode);
        Assert.Contains(expected, errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Peers_NobodyThere_SaysWhatToCheck()
    {
        var (exitCode, _, errors) = await SkeinProcess.RunAsync("peers", "--anchor", "/ip4/127.0.0.1/tcp/9/p2p/12D3KooWRawPbxPtP1eZaJpumGnyWX2DcUyd3RQnydr3eAto4Az7");

        Assert.Equal(1, exitCode);
        Assert.Contains("check the anchor's address", errors, StringComparison.Ordinal);
    }

    private static async Task AnswersAsync(string anchor)
    {
        await using var gateway = SkeinProcess.Start("gateway", "--model", Ring.Model, "--listen", "127.0.0.1:0", "--anchor", anchor);
        var output = await gateway.WaitForOutputAsync("Ctrl-C");
        using var http = new HttpClient { BaseAddress = new Uri(Url().Match(output).Value), Timeout = TimeSpan.FromMinutes(2) };
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (true)
        {
            using var ready = await http.GetAsync("/readyz");
            if (ready.IsSuccessStatusCode)
            {
                break;
            }

            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(90), $"The nodes were not found: {await ready.Content.ReadAsStringAsync()}");
            await Task.Delay(100);
        }

        using var response = await http.PostAsJsonAsync("/v1/chat/completions", Ring.Chat("What is the capital of France?", 16));
        Assert.Contains("Paris", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private static async Task<int> WaitForAnchorAsync(SkeinProcess anchor)
    {
        await anchor.WaitForOutputAsync("}\n");
        return int.Parse(Port().Match(anchor.Announced("address")).Groups[1].Value, CultureInfo.InvariantCulture);
    }

    private SkeinProcess StartAnchor(int port)
        => SkeinProcess.Start("anchor", "--listen", FormattableString.Invariant($"/ip4/127.0.0.1/tcp/{port}"), "--identity", Path.Combine(_keys, "anchor.key"), "--ready-line");

    private SkeinProcess StartNode(string blocks, string anchor, int index)
        => SkeinProcess.Start(
            "node", "--model", Ring.Model, "--blocks", blocks, "--listen", "/ip4/127.0.0.1/tcp/0", "--anchor", anchor,
            "--identity", Path.Combine(_keys, FormattableString.Invariant($"{index}.key")), "--announce", "--until-stdin-closes");

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+")]
    private static partial Regex Url();

    [GeneratedRegex(@"/tcp/(\d+)/")]
    private static partial Regex Port();
}
