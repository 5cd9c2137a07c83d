using CsCheck;
using Skein.Core.Identity;
using Skein.Core.Stages;
using Skein.Swarm.Coordination;
using Skein.Swarm.Transport;

namespace Skein.Swarm.Tests.Coordination;

public sealed class ChainPlannerTests
{
    private static readonly Gen<(int Blocks, BlockSpan[] Spans)> Swarms =
        from blocks in Gen.Int[1, 8]
        from spans in Gen.Select(Gen.Int[0, 8], Gen.Int[0, 9], (first, end) => new BlockSpan(first, end)).Array[0, 8]
        select (blocks, spans);

    [Fact]
    public void Plan_AnySpans_TilesWithTheFewestStages()
        => Swarms.Sample(
            swarm =>
            {
                var offered = Offer(swarm.Spans);
                var plan = ChainPlanner.Plan(swarm.Blocks, offered, 3);
                Assert.Equal(Fewest(swarm.Blocks, swarm.Spans, 0), plan?.Count);
                if (plan is not null)
                {
                    Assert.Equal(0, plan[0].Span.First);
                    Assert.Equal(swarm.Blocks, plan[^1].Span.End);
                    Assert.All(plan.Zip(plan.Skip(1)), pair => Assert.Equal(pair.First.Span.End, pair.Second.Span.First));
                }
            },
            iter: 2000);

    [Fact]
    public void Missing_AnySpans_AreExactlyTheBlocksThatNobodyOffers()
        => Swarms.Sample(
            swarm =>
            {
                var missing = ChainPlanner.Missing(swarm.Blocks, Offer(swarm.Spans)).SelectMany(r => Enumerable.Range(r.First, r.Count));
                var expected = Enumerable.Range(0, swarm.Blocks).Where(b => !swarm.Spans.Any(s => s.IsWithin(swarm.Blocks) && s.First <= b && b < s.End));
                Assert.Equal(expected, missing);
            },
            iter: 2000);

    [Fact]
    public void Plan_Replicas_TakeTurns()
    {
        var offered = Offer([new BlockSpan(0, 2), new BlockSpan(2, 4), new BlockSpan(2, 4)]);

        var used = Enumerable.Range(0, 4).Select(turn => ChainPlanner.Plan(4, offered, turn)![1].Peer.Id).Distinct();

        Assert.Equal(2, used.Count());
    }

    private static List<ChainStage> Offer(BlockSpan[] spans)
        => [.. spans.Select((s, i) => new ChainStage(new PeerAddress($"p{i}", []), new StageInfo(s, 4, 4, 4, 4, "x", true)))];

    private static int? Fewest(int blocks, BlockSpan[] spans, int from)
    {
        if (from == blocks)
        {
            return 0;
        }

        int? best = null;
        foreach (var span in spans.Where(s => s.IsWithin(blocks) && s.First == from))
        {
            if (Fewest(blocks, spans, span.End) is { } rest && (best is null || rest + 1 < best))
            {
                best = rest + 1;
            }
        }

        return best;
    }
}
