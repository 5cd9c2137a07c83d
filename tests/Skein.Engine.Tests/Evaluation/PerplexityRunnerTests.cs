using System.Globalization;
using Skein.Engine.Lanes;
using Skein.Engine.Library;
using Skein.Engine.Tests.Parity;
using Skein.Models.Evaluation;

namespace Skein.Engine.Tests.Evaluation;

[Collection(EngineCollection.Name)]
public sealed class PerplexityRunnerTests(TestModels models)
{
    // Figures of llama.cpp's own tool. Gemma's depend on the instruction set (ADR 4); SmolLM2's do not.
    [Theory]
    [InlineData("prose.txt", 37.0163)]
    [InlineData("code.txt", 6.2943)]
    public async Task RunAsync_SmolLm2ThroughAChain_EqualsTheToolsFigure(string text, double expected)
        => Assert.Equal(expected, await RunAsync(SharedData.SmolLm2, [10, 20], text), 0.0005);

    [Theory]
    [InlineData("prose.txt", 33.9698, 33.8053)]
    [InlineData("code.txt", 8.1586, 8.1321)]
    public async Task RunAsync_Gemma3ThroughAChain_EqualsTheToolsFigureForTheInstructionSet(string text, double avx512, double avx2)
    {
        var variant = EngineLibrary.Load().Variant;
        Assert.SkipUnless(variant is "avx512" or "avx2", $"No figure of the tool is known for {variant}.");

        Assert.Equal(variant == "avx512" ? avx512 : avx2, await RunAsync(SharedData.Gemma3, [5, 11], text), 0.0005);
    }

    private async Task<double> RunAsync(string path, int[] cuts, string text)
    {
        var token = TestContext.Current.CancellationToken;
        using var lanes = new ComputeLanes(Environment.ProcessorCount);
        var report = await PerplexityRunner.RunAsync(await models.GetAsync(path), cuts, await File.ReadAllTextAsync(SharedData.Text(text), token), 12, lanes, token);
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{report.Perplexity:F4} of {report.Tokens} tokens on {report.EngineClass}"));
        Assert.Equal(12, report.Windows);
        return report.Perplexity;
    }
}
