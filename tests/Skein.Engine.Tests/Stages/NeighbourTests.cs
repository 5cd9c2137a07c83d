using Skein.Core.Hidden;
using Skein.Core.Identity;
using Skein.Core.Stages;
using Skein.Engine.Stages;
using Skein.Engine.Tests.Parity;
using Skein.Models;

namespace Skein.Engine.Tests.Stages;

[Collection(EngineCollection.Name)]
public sealed class NeighbourTests(TestModels models)
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task StepAsync_AfterANeighbourLeft_ComputesTheSameBits(int which)
    {
        var token = TestContext.Current.CancellationToken;
        var model = await models.GetAsync(which == 0 ? SharedData.SmolLm2 : SharedData.Tiny("qwen3"));
        await using var stage = await model.LoadStageAsync(new BlockSpan(0, which == 0 ? 10 : 2), new EngineStageOptions { KvTokenBudget = 1024, MaxSequences = 4 }, token);
        var rows = RandomRows(48, stage.Info.Width);

        var alone = await RunAsync(stage, rows, async _ => { });
        IStageSequence? neighbour = null;
        await using (neighbour = await stage.OpenSequenceAsync(128, token))
        {
            using var other = RandomRows(100, stage.Info.Width, seed: 2);
            using var result = await neighbour.StepAsync(other, 0, StepKind.Prefill, token);
            var disturbed = await RunAsync(stage, rows, async position =>
            {
                if (position == 32)
                {
                    await neighbour.DisposeAsync();
                }
            });

            Assert.Equal(alone, disturbed);
        }
    }

    private static async Task<float[]> RunAsync(EngineStage stage, HiddenRows rows, Func<int, Task> between)
    {
        var results = new List<float>();
        await using var sequence = await stage.OpenSequenceAsync(64, default);
        for (var position = 0; position < rows.Rows; position++)
        {
            await between(position);
            using var row = HiddenRows.CopyOf(rows.Row(position), 1, rows.Width);
            using var result = await sequence.StepAsync(row, position, StepKind.Decode, default);
            results.AddRange(result.Span);
        }

        return [.. results];
    }

    private static HiddenRows RandomRows(int count, int width, int seed = 1)
    {
        var random = new Random(seed);
        var rows = HiddenRows.Rent(count, width);
        foreach (ref var value in rows.Span)
        {
            value = (float)((random.NextDouble() * 2) - 1);
        }

        return rows;
    }
}
