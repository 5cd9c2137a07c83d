using System.Text.Json;
using Skein.Engine.Tests.Parity;
using Skein.Models.Evaluation;

namespace Skein.Engine.Tests.Evaluation;

[Collection(EngineCollection.Name)]
public sealed class EngineBenchTests(TestModels models)
{
    [Fact]
    public async Task RunAsync_SmolLm2InThreeStages_KeepsMostOfTheWholeModelsSpeed()
    {
        var model = await models.GetAsync(SharedData.SmolLm2);
        var report = await EngineBench.RunAsync(model, new EngineBenchOptions { Tokens = 32 }, progress: null, TestContext.Current.CancellationToken);
        TestContext.Current.TestOutputHelper?.WriteLine(JsonSerializer.Serialize(report, EvaluationJson.Default.EngineBenchReport));

        Assert.True(report.Ratio > 0.75, $"The chain has {report.Ratio:P0} of the whole model's speed.");
    }
}
