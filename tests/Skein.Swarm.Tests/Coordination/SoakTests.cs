using Skein.Core.Generation;
using Skein.Swarm.Errors;
using Skein.Swarm.Tests.Fakes;
using Skein.Swarm.Transport;

namespace Skein.Swarm.Tests.Coordination;

public sealed class SoakTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task TwoHundredMixedRequests_LeaveNothingBehind(bool tcp)
    {
        await using var ring = await TestRing.StartAsync(tcp, 3, makeStage: span => new FakeStage(span, budget: 3000));
        await ring.GenerateAsync([1, 2, 3], 10);
        await ring.WaitUntilFreeAsync();
        var links = ring.Nodes.Select(n => n.Service.LinkCount).ToArray();
        var streams = ring.Nodes.Select(Streams).ToArray();
        var finished = 0;
        var random = new Random(7);
        var plans = Enumerable.Range(0, 200).Select(i => (Kind: random.Next(5), Prompt: Enumerable.Range(0, random.Next(1, 300)).Select(_ => random.Next(64)).ToArray(), Count: random.Next(1, 60))).ToArray();

        await Parallel.ForEachAsync(plans, new ParallelOptions { MaxDegreeOfParallelism = 12 }, async (plan, _) =>
        {
            using var cancel = new CancellationTokenSource();
            var seen = new List<int>();
            try
            {
                await foreach (var token in ring.Coordinator.GenerateAsync(new GenerationRequest { Prompt = plan.Prompt, MaxTokens = plan.Count }, null, cancel.Token))
                {
                    seen.Add(token.Id);
                    if (plan.Kind == 1 && seen.Count > plan.Count / 2)
                    {
                        break;
                    }

                    if (plan.Kind == 2 && seen.Count > plan.Count / 2)
                    {
                        await cancel.CancelAsync();
                    }
                }
            }
            catch (OperationCanceledException) when (plan.Kind == 2)
            {
                // As planned.
            }
            catch (SwarmException failure)
            {
                Assert.Fail($"{failure.Error}: {failure.Message}");
            }

            Assert.Equal(ring.Reference(plan.Prompt, plan.Count)[..seen.Count], seen);
            Interlocked.Increment(ref finished);
        });

        Assert.Equal(200, finished);
        await ring.WaitUntilFreeAsync();
        Assert.Equal(links, ring.Nodes.Select(n => n.Service.LinkCount));
        Assert.Equal(streams, ring.Nodes.Select(Streams));
        Assert.DoesNotContain(ring.Log.Lines, l => l.Level >= Microsoft.Extensions.Logging.LogLevel.Warning);
    }

    private static int Streams(TestNode node) => node.Transport switch
    {
        TcpRingTransport tcp => tcp.ServedStreams,
        InMemoryRingTransport memory => memory.OpenStreams,
        _ => throw new InvalidOperationException(),
    };
}
