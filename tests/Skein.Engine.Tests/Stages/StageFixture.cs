using Skein.Core.Hidden;
using Skein.Core.Identity;
using Skein.Engine.Lanes;
using Skein.Engine.Stages;
using Skein.Engine.Tests.Parity;
using Skein.Models;

namespace Skein.Engine.Tests.Stages;

/// <summary>Makes small stages and rows for tests of stages.</summary>
public sealed class StageFixture(TestModels models)
{
    /// <summary>Blocks 0 to 5 of SmolLM2: large enough that a batch takes a while.</summary>
    public async Task<EngineStage> SmolAsync(int kvTokens = 1024, int sequences = 8, int stepRows = 256, ComputeLanes? lanes = null)
        => await (await models.GetAsync(SharedData.SmolLm2)).LoadStageAsync(
            new BlockSpan(0, 5),
            new EngineStageOptions { KvTokenBudget = kvTokens, MaxSequences = sequences, MaxStepRows = stepRows, Lanes = lanes },
            TestContext.Current.CancellationToken);

    /// <summary>All blocks of a tiny model in one stage.</summary>
    public async Task<EngineStage> TinyAsync(string family, int kvTokens = 256, int sequences = 4)
    {
        var model = await models.GetAsync(SharedData.Tiny(family));
        return await model.LoadStageAsync(model.AllBlocks, new EngineStageOptions { KvTokenBudget = kvTokens, MaxSequences = sequences, MaxStepRows = 64 }, TestContext.Current.CancellationToken);
    }

    /// <summary>Rows of values between -1 and 1, the same for the same seed.</summary>
    public static HiddenRows Rows(int count, int width, int seed = 1)
    {
        var random = new Random(seed);
        var rows = HiddenRows.Rent(count, width);
        foreach (ref var value in rows.Span)
        {
            value = (float)((random.NextDouble() * 2) - 1);
        }

        return rows;
    }

    /// <summary>A run of rows as rows of their own.</summary>
    public static HiddenRows Part(HiddenRows rows, int first, int count)
        => HiddenRows.CopyOf(rows.Span.Slice(first * rows.Width, count * rows.Width), count, rows.Width);
}
