using System.Globalization;
using Skein.Engine.Lanes;
using Skein.Engine.Library;
using Skein.Engine.Tests.Parity;
using Skein.Models.Evaluation;

namespace Skein.Engine.Tests.Evaluation;

[Collection(EngineCollection.Name)]
public sealed class PerplexityRunnerTests(TestModels models)
{
    // With AVX-512: the figures of llama.cpp's own tool. With AVX2: those of the packaged build, so that a change shows (ADR 4).
    [Theory]
    [InlineData("prose.txt", 37.0163, 36.9374)]
    [InlineData("code.txt", 6.2943, 6.2979)]
    public async Task RunAsync_SmolLm2ThroughAChain_EqualsTheFigureOfTheInstructionSet(string text, double avx512, double avx2)
        => await AssertAsync(SharedData.SmolLm2, [10, 20], text, avx512, avx2);

    [Theory]
    [InlineData("prose.txt", 33.9698, 33.8060)]
    [InlineData("code.txt", 8.1586, 8.1321)]
    public async Task RunAsync_Gemma3ThroughAChain_EqualsTheFigureOfTheInstructionSet(string text, double avx512, double avx2)
        => await AssertAsync(SharedData.Gemma3, [5, 11], text, avx512, avx2);

    private async Task AssertAsync(string path, int[] cuts, string text, double avx512, double avx2)
    {
        var variant = EngineLibrary.Load().Variant;
        Assert.SkipUnless(variant is "avx512" or "avx2", $"No figure is known for {variant}.");
        var token = TestContext.Current.CancellationToken;
        using var lanes = new ComputeLanes(Environment.ProcessorCount);
        var report = await PerplexityRunner.RunAsync(await models.GetAsync(path), cuts, await File.ReadAllTextAsync(SharedData.Text(text), token), 12, lanes, token);
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{report.Perplexity:F4} of {report.Tokens} tokens on {report.EngineClass}"));

        Assert.Equal(12, report.Windows);
        Assert.Equal(variant == "avx512" ? avx512 : avx2, report.Perplexity, 0.0005);
    }
}
