using Skein.Swarm.Coordination;
using Skein.Swarm.Tests.Fakes;
using Skein.Swarm.Wire;

namespace Skein.Swarm.Tests.Coordination;

/// <summary>Drafts that are sent, verified, accepted or taken back at random change no output.</summary>
public sealed class SpeculationTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 3)]
    [InlineData(4, 2)]
    [InlineData(5, 5)]
    [InlineData(6, 4)]
    public async Task Drafts_AcceptedOrRejectedAtRandom_GiveWhatTheModelAloneGives(int seed, int stages)
    {
        await using var ring = await TestRing.StartAsync(tcp: false, stages);
        var random = new Random(seed);
        foreach (var node in ring.Nodes)
        {
            // Stages of uneven speed, so that frames that were taken back are met in every state.
            var pace = new Random(seed + node.Address.Id[^1]);
            node.Stage.BeforeStep = async (_, _, token) =>
            {
                int turns;
                lock (pace)
                {
                    turns = pace.Next(4);
                }

                for (var i = 0; i < turns; i++)
                {
                    await Task.Yield();
                }

                token.ThrowIfCancellationRequested();
            };
        }

        int[] prompt = [3, 1, 4, 1, 5, 9, 2, 6];
        const int Count = 150;
        var expected = FakeModel.Reference(prompt, Count, ring.Spans);
        await using var session = await ring.Coordinator.Ring.OpenAsync(prompt.Length + Count + 64, TestContext.Current.CancellationToken);

        var known = new List<int>(prompt);
        using (var rows = FakeModel.Embed(prompt))
        {
            await session.SendAsync(rows, 0, FrameFlags.Prefill | FrameFlags.LastRowOnly);
        }

        known.Add(await ReadAsync(session));
        // What is in the ring: tokens at positions from verified on, cut into frames.
        var inRing = new Queue<int[]>();
        var takeBack = false;
        while (known.Count < prompt.Length + Count)
        {
            var position = known.Count - 1;
            var sent = inRing.Sum(f => f.Length);
            // Frames that continue each other's drafts, before any of them is verified.
            for (var frames = random.Next(1, 4); frames > 0 && inRing.Count < 4; frames--)
            {
                var frame = Enumerable.Range(0, random.Next(1, 6)).Select(i => Draft(position + sent + i)).ToArray();
                using var rows = FakeModel.Embed(frame);
                await session.SendAsync(rows, position + sent, FrameFlags.None, takeBack);
                takeBack = false;
                inRing.Enqueue(frame);
                sent += frame.Length;
            }

            var verified = inRing.Dequeue();
            using var result = await session.ReceiveAsync(TestContext.Current.CancellationToken);
            Assert.Equal(verified.Length, result.Rows);
            var accepted = 0;
            for (; accepted < verified.Length; accepted++)
            {
                known.Add(Choose(result.Row(accepted)));
                if (accepted + 1 < verified.Length ? known[^1] != verified[accepted + 1] : inRing.TryPeek(out var next) && known[^1] != next[0])
                {
                    break;
                }
            }

            if (accepted < verified.Length)
            {
                // A draft was wrong: everything after it is taken back.
                inRing.Clear();
                takeBack = true;
            }
        }

        Assert.Equal(expected, known.Skip(prompt.Length).Take(Count));
        await session.CloseAsync();
        await ring.WaitUntilFreeAsync();

        // The first is certain; each further one is right with some luck.
        int Draft(int at)
        {
            if (at == known.Count - 1)
            {
                return known[at];
            }

            var right = expected[Math.Min(at - prompt.Length, expected.Length - 1)];
            return random.Next(4) > 0 ? right : random.Next(64);
        }
    }

    private static async Task<int> ReadAsync(RingSession session)
    {
        using var rows = await session.ReceiveAsync(TestContext.Current.CancellationToken);
        return Choose(rows.Span);
    }

    private static int Choose(ReadOnlySpan<float> row)
    {
        var logits = new float[64];
        FakeModel.Head(row, logits);
        return FakeModel.Argmax(logits);
    }
}
