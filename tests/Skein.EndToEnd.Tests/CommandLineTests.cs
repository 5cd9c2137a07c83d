using Skein.EndToEnd.Tests.Harness;

namespace Skein.EndToEnd.Tests;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("")]
    [InlineData("demo")]
    [InlineData("node")]
    [InlineData("gateway")]
    [InlineData("chat")]
    [InlineData("model")]
    [InlineData("model import")]
    [InlineData("model list")]
    [InlineData("model inspect")]
    [InlineData("model remove")]
    [InlineData("anchor")]
    [InlineData("peers")]
    [InlineData("net check")]
    [InlineData("id")]
    [InlineData("ping")]
    [InlineData("lab")]
    [InlineData("lab run")]
    [InlineData("lab slow")]
    [InlineData("parity")]
    [InlineData("bench engine")]
    [InlineData("bench net")]
    public async Task Help_EveryCommand_ExplainsItself(string command)
    {
        var (exitCode, output, _) = await SkeinProcess.RunAsync([.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]);

        Assert.Equal(0, exitCode);
        Assert.Contains("Usage:", output, StringComparison.Ordinal);
        Assert.True(output.Length > 120, output);
    }

    [Fact]
    public async Task Node_WrongModelName_SaysWhatThereIs()
    {
        var (exitCode, _, errors) = await SkeinProcess.RunAsync("node", "--model", "no-such-model", "--blocks", "0-9", "--listen", "127.0.0.1:0");

        Assert.Equal(1, exitCode);
        Assert.Contains("no-such-model", errors, StringComparison.Ordinal);
        Assert.Contains(Ring.Model, errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Node_BlocksOutsideTheModel_SaysHowManyThereAre()
    {
        var (exitCode, _, errors) = await SkeinProcess.RunAsync("node", "--model", Ring.Model, "--blocks", "20-40", "--listen", "127.0.0.1:0");

        Assert.NotEqual(0, exitCode);
        Assert.Contains("0 to 29", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Node_BadGguf_SaysSo()
    {
        var file = Path.Combine(Path.GetTempPath(), $"skein-{Guid.NewGuid():N}.gguf");
        await File.WriteAllTextAsync(file, "GGUF but not really");
        try
        {
            var (exitCode, _, errors) = await SkeinProcess.RunAsync("node", "--model", file, "--blocks", "0-1", "--listen", "127.0.0.1:0");

            Assert.Equal(1, exitCode);
            Assert.Contains("gguf.", errors, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task Node_SeveralFaults_AreAllReportedAtOnce()
    {
        var (exitCode, _, errors) = await SkeinProcess.RunAsync("node", "--blocks", "x", "--listen", "nowhere", "--kv-tokens", "-4");

        Assert.Equal(2, exitCode);
        Assert.Contains("--model", errors, StringComparison.Ordinal);
        Assert.Contains("--blocks", errors, StringComparison.Ordinal);
        Assert.Contains("--listen", errors, StringComparison.Ordinal);
        Assert.Contains("--kv-tokens", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Node_FromFileAndEnvironment_TheCommandLineGoesFirst()
    {
        var file = Path.Combine(Path.GetTempPath(), $"skein-{Guid.NewGuid():N}.json");
        await File.WriteAllTextAsync(file, """{ "model": "smollm2-135m", "blocks": "0-3", /* taken */ "listen": "127.0.0.1:0", "kvTokens": 512 }""");
        try
        {
            await using var node = SkeinProcess.Start(new Dictionary<string, string>(StringComparer.Ordinal) { ["SKEIN_NODE_BLOCKS"] = "4-7" }, "node", "--config", file, "--announce", "--until-stdin-closes");
            Assert.NotEqual(0, await node.WaitForPortAsync());
            Assert.Contains("4..7", node.Output, StringComparison.Ordinal);

            node.CloseInput();
            Assert.Equal(0, await node.WaitAsync(TimeSpan.FromSeconds(20)));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task Node_FileWithUnknownKey_NamesItAndThoseThereAre()
    {
        var file = Path.Combine(Path.GetTempPath(), $"skein-{Guid.NewGuid():N}.json");
        await File.WriteAllTextAsync(file, """{ "modle": "smollm2-135m" }""");
        try
        {
            var (exitCode, _, errors) = await SkeinProcess.RunAsync("node", "--config", file);

            Assert.Equal(2, exitCode);
            Assert.Contains("modle", errors, StringComparison.Ordinal);
            Assert.Contains("kvTokens", errors, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("'skein --help'")]
    [InlineData("gateway", "gatway")]
    [InlineData("'skein gateway --help'", "gateway", "--lisen", "127.0.0.1:0")]
    [InlineData("'skein model --help'", "model")]
    [InlineData("--max-tokens takes 1 to", "chat", "--max-tokens", "0")]
    [InlineData("'x'", "chat", "--max-tokens", "x")]
    [InlineData("--max-tokens takes 1 to", "demo", "--max-tokens", "0")]
    [InlineData("--threads takes 1 to", "demo", "--threads", "0")]
    [InlineData("--temperature takes 0 to 2, not 2.5", "chat", "--temperature", "2.5")]
    [InlineData("There is no file", "model", "import", "nothing.gguf")]
    [InlineData("nothing.pem", "gateway", "--peer", "127.0.0.1:9", "--certificate", "nothing.pem")]
    [InlineData("goes with --certificate", "gateway", "--peer", "127.0.0.1:9", "--certificate-key", "nothing.pem")]
    [InlineData("--identity goes with --anchor", "gateway", "--peer", "127.0.0.1:9", "--identity", "nothing.key")]
    public async Task Commands_AskedForWrongly_SayWhatAndNotEverything(string expected, params string[] arguments)
    {
        var (exitCode, output, errors) = await SkeinProcess.RunAsync(arguments.Length > 0 ? arguments : ["--no-such-option"]);

        Assert.Equal(2, exitCode);
        Assert.Contains(expected, errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("Usage:", output + errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("anchor", "--listen", "/ip4/127.0.0.1/tcp/{0}")]
    [InlineData("node", "--model", "smollm2-135m", "--blocks", "0-0", "--listen", "/ip4/127.0.0.1/tcp/{0}")]
    [InlineData("node", "--model", "smollm2-135m", "--blocks", "0-0", "--listen", "127.0.0.1:{0}")]
    [InlineData("gateway", "--peer", "127.0.0.1:9", "--listen", "127.0.0.1:{0}")]
    [InlineData("gateway", "--anchor", "/ip4/127.0.0.1/tcp/9/p2p/12D3KooWRawPbxPtP1eZaJpumGnyWX2DcUyd3RQnydr3eAto4Az7", "--listen", "127.0.0.1:{0}")]
    public async Task Port_OfAnotherAnchor_NamesTheOptionToChange(params string[] arguments)
    {
        var keys = Directory.CreateTempSubdirectory("skein-keys-").FullName;
        try
        {
            await using var anchor = SkeinProcess.Start("anchor", "--listen", "/ip4/127.0.0.1/tcp/0", "--identity", Path.Combine(keys, "first.key"), "--ready-line");
            await anchor.WaitForOutputAsync("}\n");
            var port = System.Text.RegularExpressions.Regex.Match(anchor.Announced("address"), "/tcp/([0-9]+)/").Groups[1].Value;
            var home = new Dictionary<string, string>(StringComparer.Ordinal) { ["SKEIN_HOME"] = keys };

            var (exitCode, _, errors) = await SkeinProcess.RunAsync(home, [.. arguments.Select(argument => argument.Replace("{0}", port, StringComparison.Ordinal))]);

            Assert.Equal(2, exitCode);
            Assert.Contains($"Port {port} is in use", errors, StringComparison.Ordinal);
            Assert.Contains("--listen", errors, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(keys, recursive: true);
        }
    }

    [Fact]
    public async Task Gateway_NobodyHostsTheBlocks_NotReadyNamesThem()
    {
        await using var gateway = SkeinProcess.Start("gateway", "--listen", "127.0.0.1:0", "--peer", "127.0.0.1:9");
        var output = await gateway.WaitForOutputAsync("Ctrl-C");
        using var http = new HttpClient { BaseAddress = new Uri(System.Text.RegularExpressions.Regex.Match(output, @"http://127\.0\.0\.1:\d+").Value) };
        using var response = await http.GetAsync("/readyz");

        Assert.Equal(System.Net.HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Contains("0..29", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        gateway.Interrupt();
        await gateway.WaitAsync(TimeSpan.FromSeconds(20));
    }
}
