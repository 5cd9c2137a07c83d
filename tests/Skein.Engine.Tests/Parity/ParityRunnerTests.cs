using System.Text.Json;
using Skein.Models.Evaluation;

namespace Skein.Engine.Tests.Parity;

[Collection(EngineCollection.Name)]
public sealed class ParityRunnerTests(TestModels models)
{
    [Theory]
    [InlineData(10, 20)]
    [InlineData(1, 29)]
    [InlineData(7, 8, 23)]
    public async Task RunAsync_SmolLm2_ChainEqualsWholeBitForBit(params int[] cuts)
    {
        var report = await RunAsync(SharedData.SmolLm2, new ParityOptions { Cuts = cuts, Codecs = [HopCodec.F32], Widths = [], Sequences = [] });

        AssertExact(report.Codecs[0]);
    }

    [Fact]
    public async Task RunAsync_SmolLm2_WidthsAndSequencesChangeNoBit()
    {
        var report = await RunAsync(SharedData.SmolLm2, new ParityOptions { Cuts = [10, 20] });

        AssertExact(report.Codecs[0]);
        Assert.All(report.Widths, width => Assert.Equal(0, width.MaxAbsLogitDifference));
        Assert.All(report.Sequences, sequence => Assert.Equal(0, sequence.MaxAbsLogitDifference));
        Assert.Equal([1, 2, 5, 16], report.Widths.Select(width => width.Width));
        Assert.Equal([2, 8], report.Sequences.Select(sequence => sequence.Sequences));
    }

    [Fact]
    public async Task RunAsync_Gemma3CutInsidePeriods_ChainEqualsWholeBitForBit()
    {
        var report = await RunAsync(SharedData.Gemma3, new ParityOptions { Cuts = [5, 11], Codecs = [HopCodec.F32], Widths = [], Sequences = [] });

        AssertExact(report.Codecs[0]);
    }

    [Theory]
    [InlineData("llama")]
    [InlineData("llama31-rope")]
    [InlineData("mistral")]
    [InlineData("mixtral")]
    [InlineData("qwen2")]
    [InlineData("qwen3")]
    [InlineData("gemma2")]
    [InlineData("gemma3")]
    public async Task RunAsync_TinyFamilyCutAtTwoAndThree_ChainEqualsWholeBitForBit(string family)
    {
        var report = await RunAsync(SharedData.Tiny(family), new ParityOptions { Cuts = [2, 3], Codecs = [HopCodec.F32] });

        AssertExact(report.Codecs[0]);
    }

    private static void AssertExact(CodecParity parity)
    {
        Assert.Equal(0, parity.MaxAbsLogitDifference);
        Assert.Equal(parity.ArgmaxTotal, parity.ArgmaxEqual);
        Assert.True(parity.ArgmaxTotal >= 65);
    }

    private async Task<ParityReport> RunAsync(string path, ParityOptions options)
    {
        var report = await ParityRunner.RunAsync(await models.GetAsync(path), options, progress: null, TestContext.Current.CancellationToken);
        TestContext.Current.TestOutputHelper?.WriteLine(JsonSerializer.Serialize(report, EvaluationJson.Default.ParityReport));
        return report;
    }
}
