using Skein.Core.Generation;
using Skein.Core.Identity;
using Skein.Swarm.Codecs;
using Skein.Swarm.Coordination;
using Skein.Swarm.Tests.Fakes;

namespace Skein.Swarm.Tests.Coordination;

public sealed class CoordinatorTests
{
    private static readonly int[] Prompt = [1, 5, 9, 2, 60, 33];

    [Theory]
    [InlineData(false, 1)]
    [InlineData(false, 2)]
    [InlineData(false, 3)]
    [InlineData(false, 5)]
    [InlineData(true, 1)]
    [InlineData(true, 2)]
    [InlineData(true, 3)]
    [InlineData(true, 5)]
    public async Task GenerateAsync_ChainOfStages_EqualsWholeModel(bool tcp, int stages)
    {
        await using var ring = await TestRing.StartAsync(tcp, stages);
        var report = new GenerationReport();

        var tokens = await ring.GenerateAsync(Prompt, 40, report);

        Assert.Equal(ring.Reference(Prompt, 40), tokens);
        Assert.Equal(stages, report.Stages.Count);
        Assert.Equal(ring.Spans, report.Stages.Select(s => s.Span));
        // The last token is not run: 6 of the prompt and 39 of the reply are.
        Assert.All(report.Stages, s => Assert.Equal(45, s.Rows));
        Assert.All(report.Stages, s => Assert.True(s.BytesIn > 0 && s.BytesOut > 0 && s.ComputeTime > TimeSpan.Zero));
        Assert.Equal(6, report.PromptTokens);
        Assert.Equal(40, report.GeneratedTokens);
        Assert.True(report.TimeToFirstToken > TimeSpan.Zero && report.DecodeTime > TimeSpan.Zero);
        await ring.WaitUntilFreeAsync();
    }

    [Fact]
    public async Task GenerateAsync_LongPrompt_IsPrefilledInChunks()
    {
        await using var ring = await TestRing.StartAsync(tcp: false, 3, new CoordinatorOptions { PrefillChunk = 32 });
        var prompt = Enumerable.Range(0, 1000).Select(i => i * 7 % 64).ToArray();

        var tokens = await ring.GenerateAsync(prompt, 5);

        Assert.Equal(ring.Reference(prompt, 5), tokens);
        Assert.Equal(32 + 4, ring.Nodes[1].Stage.Steps);
    }

    [Fact]
    public async Task GenerateAsync_EightAtOnce_EachEqualsItsOwn()
    {
        await using var ring = await TestRing.StartAsync(tcp: true, 3);
        var prompts = Enumerable.Range(0, 8).Select(i => Enumerable.Range(0, 10 + (30 * i)).Select(j => (i + (j * 3)) % 64).ToArray()).ToArray();

        var replies = await Task.WhenAll(prompts.Select(p => ring.GenerateAsync(p, 60)));

        for (var i = 0; i < prompts.Length; i++)
        {
            Assert.Equal(ring.Reference(prompts[i], 60), replies[i]);
        }

        await ring.WaitUntilFreeAsync();
    }

    [Fact]
    public async Task GenerateAsync_Float16_RoundsAtEachHopOnly()
    {
        await using var ring = await TestRing.StartAsync(tcp: false, 2, new CoordinatorOptions { Format = RowFormat.Float16 });

        var tokens = await ring.GenerateAsync(Prompt, 20);

        Assert.Equal(FakeModel.Reference(Prompt, 20, ring.Spans, static x => (float)(Half)x), tokens);
    }

    [Fact]
    public async Task GenerateAsync_EndToken_EndsTheReply()
    {
        var all = FakeModel.Reference(Prompt, 40, BlockSpan.Split(FakeModel.BlockCount, 2));
        var end = all[10];
        await using var ring = await TestRing.StartAsync(tcp: false, 2, model: new FakeModel { EndToken = end });

        var tokens = await ring.GenerateAsync(Prompt, 40);

        Assert.Equal(all[..(Array.IndexOf(all, end) + 1)], tokens);
        await ring.WaitUntilFreeAsync();
    }
}
