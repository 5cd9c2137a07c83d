using System.Net.Http.Json;
using Skein.EndToEnd.Tests.Harness;

namespace Skein.EndToEnd.Tests;

/// <summary>The ring over libp2p: encrypted, and every peer is who it says it is.</summary>
public sealed class Libp2pTests
{
    [Fact]
    public async Task Ring_OverLibp2p_AnswersAsOverTcpAndSurvivesADeath()
    {
        string plain;
        await using (var tcp = await Ring.StartAsync())
        {
            plain = await tcp.AnswerAsync("What is the capital of France?", 24);
        }

        await using var ring = await Ring.StartAsync(libp2p: true);
        var body = Ring.Chat("What is the capital of France?", 24);
        body["x_skein"] = true;
        var completion = await ring.CompleteAsync(body);
        Assert.Equal(plain, completion["choices"]![0]!["message"]!["content"]!.GetValue<string>());
        Assert.All(completion["choices"]![0]!["x_skein"]!["stages"]!.AsArray(), stage => Assert.StartsWith("12D3KooW", stage!["peer"]!.GetValue<string>(), StringComparison.Ordinal));

        ring.Nodes[1].Kill();
        using (var refused = await ring.Http.PostAsJsonAsync("v1/chat/completions", Ring.Chat("Hello", 4)))
        {
            Assert.Equal(System.Net.HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        }

        await ring.RestartNodeAsync(1);
        await ring.WaitUntilReadyAsync();
        Assert.Equal(plain, await ring.AnswerAsync("What is the capital of France?", 24));
    }

    [Fact]
    public async Task Ping_ANode_ShowsWhoItIsAndTheRoundTrip()
    {
        var keys = Directory.CreateTempSubdirectory("skein-keys-").FullName;
        try
        {
            var identity = Path.Combine(keys, "node.key");
            var (idCode, id, _) = await SkeinProcess.RunAsync("id", "--identity", identity);
            Assert.Equal(0, idCode);
            await using var node = SkeinProcess.Start("node", "--model", Ring.Model, "--blocks", "0-0", "--listen", "/ip4/127.0.0.1/tcp/0", "--identity", identity, "--announce", "--until-stdin-closes");
            await node.WaitForPortAsync();
            var address = node.Announced("address");
            Assert.EndsWith("/p2p/" + id.Trim(), address, StringComparison.Ordinal);

            var (exitCode, output, errors) = await SkeinProcess.RunAsync("ping", address, "--count", "1");
            Assert.True(exitCode == 0, errors);
            Assert.Contains(id.Trim(), output, StringComparison.Ordinal);
            Assert.Matches(@"\d+\.\d+ ms", output);

            // Somebody else's name at the same place is refused.
            var (wrongCode, _, wrongErrors) = await SkeinProcess.RunAsync("ping", address[..address.LastIndexOf('/')] + "/12D3KooWRawPbxPtP1eZaJpumGnyWX2DcUyd3RQnydr3eAto4Az7", "--count", "1");
            Assert.Equal(1, wrongCode);
            Assert.Contains("p2p.", wrongErrors, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(keys, recursive: true);
        }
    }
}
