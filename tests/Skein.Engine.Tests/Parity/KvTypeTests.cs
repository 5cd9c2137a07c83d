using Skein.Engine.Loading;
using Skein.Models.Evaluation;

namespace Skein.Engine.Tests.Parity;

/// <summary>Why q8_0 is the default (ADR 2).</summary>
[Collection(EngineCollection.Name)]
public sealed class KvTypeTests(TestModels models)
{
    [Theory]
    [InlineData(KvCacheType.Q80)]
    [InlineData(KvCacheType.F16)]
    public async Task RunAsync_WithWideBatches_ChangesBitsOfF16Only(KvCacheType kvType)
    {
        var options = new ParityOptions { Cuts = [15], Codecs = [HopCodec.F32], Widths = [16, 100], Sequences = [], DecodeSteps = 0, KvType = kvType };
        var report = await ParityRunner.RunAsync(await models.GetAsync(SharedData.SmolLm2), options, progress: null, TestContext.Current.CancellationToken);
        TestContext.Current.TestOutputHelper?.WriteLine(string.Join(", ", report.Widths));

        Assert.Equal(0, report.Codecs[0].MaxAbsLogitDifference);
        Assert.Equal(0, report.Widths[0].MaxAbsLogitDifference);
        Assert.Equal(kvType == KvCacheType.Q80, report.Widths[1].MaxAbsLogitDifference == 0);
    }
}
