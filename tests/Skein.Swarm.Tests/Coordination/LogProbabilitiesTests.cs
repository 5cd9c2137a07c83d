using CsCheck;
using Skein.Core.Generation;
using Skein.Swarm.Coordination;
using Skein.Swarm.Tests.Fakes;

namespace Skein.Swarm.Tests.Coordination;

public sealed class LogProbabilitiesTests
{
    [Fact]
    public void Normaliser_AnyLogits_MakesProbabilitiesSumToOne()
        => Gen.Float[-200f, 200f].Array[1, 300].Sample(
            logits =>
            {
                var normaliser = LogProbabilities.Normaliser(logits);
                Assert.InRange(logits.Sum(l => Math.Exp((double)l - normaliser)), 0.9998, 1.0002);
            },
            iter: 500);

    [Fact]
    public void Top_AnyLogits_EqualsSorting()
        => Gen.Select(Gen.Int[-9, 9].Array[1, 60], Gen.Int[0, 20]).Sample(
            (values, count) =>
            {
                var logits = values.Select(v => (float)v).ToArray();
                var normaliser = LogProbabilities.Normaliser(logits);
                var expected = logits.Select((l, i) => (l, i)).OrderByDescending(t => t.l).ThenBy(t => t.i).Take(count).Select(t => t.i);
                Assert.Equal(expected, LogProbabilities.Top(logits, count, normaliser).Select(t => t.Id));
            },
            iter: 1000);

    [Fact]
    public async Task GenerateAsync_WithLogprobs_ReportsTheModelsOwn()
    {
        await using var ring = await TestRing.StartAsync(tcp: false, 2);
        var count = 0;

        await foreach (var token in ring.Coordinator.GenerateAsync(new GenerationRequest { Prompt = new[] { 1, 2, 3 }, MaxTokens = 10, TopLogprobs = 3 }, null, TestContext.Current.CancellationToken))
        {
            Assert.Equal(3, token.Top.Count);
            Assert.Equal(token.Id, token.Top[0].Id);
            Assert.Equal(token.Top[0].Logprob, token.Logprob);
            Assert.True(token.Top[0].Logprob >= token.Top[1].Logprob && token.Top[1].Logprob >= token.Top[2].Logprob && token.Top[0].Logprob <= 0);
            count++;
        }

        Assert.Equal(10, count);
    }
}
