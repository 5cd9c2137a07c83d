using System.Text.Json;
using Skein.EndToEnd.Tests.Harness;

namespace Skein.EndToEnd.Tests;

/// <summary>A GGUF file that was not made for chat: it goes on with the text.</summary>
public sealed class TextModelTests
{
    private static readonly string File = Path.Combine(Repository.Shared, "fixtures", "gguf-tiny", "llama.gguf");

    [Fact]
    public async Task DemoOnce_AnyGgufFile_CompletesTheText()
    {
        var (exitCode, output, errors) = await SkeinProcess.RunAsync("demo", "--model", File, "--once", "Hello there", "--json", "--max-tokens", "8");

        Assert.True(exitCode == 0, errors);
        using var report = JsonDocument.Parse(output);
        Assert.Equal(8, report.RootElement.GetProperty("token_ids").GetArrayLength());
        Assert.Equal([(0, 2), (2, 4), (4, 6)], report.RootElement.GetProperty("stages").EnumerateArray().Select(s => (s.GetProperty("first_block").GetInt32(), s.GetProperty("end_block").GetInt32())));
        Assert.Contains("not made for chat", errors, StringComparison.Ordinal);
        Assert.Single(errors.Trim().Split('\n'));
    }

    [Fact]
    public async Task DemoAndChat_AnyGgufFile_CompleteEachLine()
    {
        await using var demo = SkeinProcess.Start("demo", "--model", File, "--port", "0", "--max-tokens", "8");
        var output = await demo.WaitForOutputAsync("curl ");
        Assert.Contains("v1/completions", output, StringComparison.Ordinal);
        demo.WriteLine("Hello there");
        await demo.WaitForOutputAsync("tokens/s");

        var address = System.Text.RegularExpressions.Regex.Match(output, @"http://127\.0\.0\.1:\d+").Value;
        await using var chat = SkeinProcess.Start("chat", "--gateway", address, "--max-tokens", "8");
        chat.WriteLine("Hello there");
        await chat.WaitForOutputAsync("tokens/s");
        chat.WriteLine("/exit");
        demo.WriteLine("/exit");

        Assert.Equal(0, await chat.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal(0, await demo.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Contains("not made for chat", demo.Errors, StringComparison.Ordinal);
        Assert.Contains("not made for chat", chat.Errors, StringComparison.Ordinal);
    }
}
