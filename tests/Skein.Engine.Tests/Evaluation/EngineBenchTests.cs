using System.Text.Json;
using Skein.Engine.Tests.Parity;
using Skein.Models.Evaluation;

namespace Skein.Engine.Tests.Evaluation;

[Collection(EngineCollection.Name)]
public sealed class EngineBenchTests(TestModels models)
{
    // Measured: 0.95 and more on a quiet machine. What is asked here is what a busy one still shows.
    private const double LeastRatio = 0.8;
    private const int Tries = 3;

    [Fact]
    public async Task RunAsync_SmolLm2InThreeStages_KeepsMostOfTheWholeModelsSpeed()
    {
        var model = await models.GetAsync(SharedData.SmolLm2);
        var seen = new List<string>();
        var busy = false;
        for (var attempt = 0; attempt < Tries; attempt++)
        {
            var before = MachineLoad.Read();
            var report = await EngineBench.RunAsync(model, new EngineBenchOptions { Tokens = 24 }, progress: null, TestContext.Current.CancellationToken);
            var others = MachineLoad.OthersSince(before);
            TestContext.Current.TestOutputHelper?.WriteLine(JsonSerializer.Serialize(report, EvaluationJson.Default.EngineBenchReport));
            Assert.Equal(5, report.Runs);
            if (report.Ratio >= LeastRatio)
            {
                return;
            }

            seen.Add($"ratio {report.Ratio:F2} while others took {others:P0} of the machine");
            busy |= others > 0.15;
        }

        Assert.SkipWhen(busy, string.Join("; ", seen));
        Assert.Fail(string.Join("; ", seen));
    }
}
