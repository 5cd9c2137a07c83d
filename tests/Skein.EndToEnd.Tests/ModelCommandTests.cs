using System.Text.Json;
using Skein.EndToEnd.Tests.Harness;

namespace Skein.EndToEnd.Tests;

public sealed class ModelCommandTests : IDisposable
{
    private static readonly string Tiny = Path.Combine(Repository.Shared, "fixtures", "gguf-tiny", "llama.gguf");

    private readonly string _home = Directory.CreateTempSubdirectory("skein-home-").FullName;

    public void Dispose() => Directory.Delete(_home, recursive: true);

    [Fact]
    public async Task Model_ImportListInspectUseRemove()
    {
        Assert.Contains("6 blocks", (await SucceedAsync("model", "import", Tiny, "--name", "tiny")), StringComparison.Ordinal);
        // Once more: everything is there.
        Assert.Contains("0 B newly written", (await SucceedAsync("model", "import", Tiny, "--name", "tiny")), StringComparison.Ordinal);

        using var list = JsonDocument.Parse(await SucceedAsync("model", "list", "--json"));
        var tiny = Assert.Single(list.RootElement.EnumerateArray(), model => model.GetProperty("name").ValueEquals("tiny"));
        Assert.Equal(6, tiny.GetProperty("blocks").GetInt32());
        Assert.False(tiny.GetProperty("bundled").GetBoolean());
        Assert.Contains(list.RootElement.EnumerateArray(), model => model.GetProperty("name").ValueEquals(Ring.Model) && model.GetProperty("bundled").GetBoolean());

        var inspected = await SucceedAsync("model", "inspect", "tiny");
        Assert.Contains(tiny.GetProperty("digest").GetString()!, inspected, StringComparison.Ordinal);
        Assert.Contains("none: completions only", inspected, StringComparison.Ordinal);

        var stored = await SucceedAsync("demo", "--model", "tiny", "--once", "Hello there", "--max-tokens", "8");
        var file = await SucceedAsync("demo", "--model", Tiny, "--once", "Hello there", "--max-tokens", "8");
        Assert.Equal(file, stored);

        Assert.Contains("tiny is removed", await SucceedAsync("model", "remove", "tiny"), StringComparison.Ordinal);
        using var after = JsonDocument.Parse(await SucceedAsync("model", "list", "--json"));
        Assert.DoesNotContain(after.RootElement.EnumerateArray(), model => model.GetProperty("name").ValueEquals("tiny"));
    }

    [Theory]
    [InlineData("gguf.not_gguf", "model", "import", "README.md")]
    [InlineData("is a folder", "model", "import", "src")]
    [InlineData("is a folder", "model", "inspect", "./src")]
    [InlineData("but a folder", "model", "inspect", "src")]
    [InlineData("smollm2-135m", "model", "inspect", "no-such-model")]
    [InlineData("no-such-model", "model", "remove", "no-such-model")]
    public async Task Model_Impossible_SaysWhy(string expected, params string[] arguments)
    {
        var (exitCode, _, errors) = await RunAsync(arguments);

        Assert.NotEqual(0, exitCode);
        Assert.Contains(expected, errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
    }

    private async Task<string> SucceedAsync(params string[] arguments)
    {
        var (exitCode, output, errors) = await RunAsync(arguments);
        Assert.True(exitCode == 0, errors);
        return output;
    }

    private Task<(int ExitCode, string Output, string Errors)> RunAsync(string[] arguments)
        => SkeinProcess.RunAsync(new Dictionary<string, string>(StringComparer.Ordinal) { ["SKEIN_HOME"] = _home }, arguments);
}
