using Skein.Core.Identity;

namespace Skein.Swarm.Coordination;

/// <summary>Tiles a model with the spans that are offered. Pure.</summary>
internal static class ChainPlanner
{
    /// <summary>Finds a chain with the fewest stages.</summary>
    /// <param name="blockCount">Blocks to cover.</param>
    /// <param name="offered">Spans on offer.</param>
    /// <param name="turn">Chooses among equals: successive turns spread over replicas.</param>
    /// <returns>The chain, first stage first; null when none exists.</returns>
    public static IReadOnlyList<ChainStage>? Plan(int blockCount, IReadOnlyList<ChainStage> offered, int turn)
    {
        // Stages needed from each boundary to the end; spans only lead forward, so one pass backwards suffices.
        var needed = new int[blockCount + 1];
        Array.Fill(needed, int.MaxValue);
        needed[blockCount] = 0;
        var byFirst = offered.Where(s => s.Span.IsWithin(blockCount)).ToLookup(static s => s.Span.First);
        for (var boundary = blockCount - 1; boundary >= 0; boundary--)
        {
            foreach (var stage in byFirst[boundary])
            {
                if (needed[stage.Span.End] != int.MaxValue)
                {
                    needed[boundary] = Math.Min(needed[boundary], needed[stage.Span.End] + 1);
                }
            }
        }

        if (needed[0] is int.MaxValue or > Wire.WireLimits.MaxHops)
        {
            return null;
        }

        var chain = new List<ChainStage>(needed[0]);
        for (var at = 0; at < blockCount;)
        {
            var equals = byFirst[at].Where(s => needed[s.Span.End] == needed[at] - 1).ToArray();
            var chosen = equals[(int)((uint)turn % (uint)equals.Length)];
            chain.Add(chosen);
            at = chosen.Span.End;
        }

        return chain;
    }

    /// <summary>Blocks that nobody offers, as runs.</summary>
    public static IReadOnlyList<BlockSpan> Missing(int blockCount, IReadOnlyList<ChainStage> offered)
    {
        var covered = new bool[blockCount];
        foreach (var stage in offered.Where(s => s.Span.IsWithin(blockCount)))
        {
            covered.AsSpan(stage.Span.First, stage.Span.Count).Fill(true);
        }

        var runs = new List<BlockSpan>();
        for (var i = 0; i < blockCount; i++)
        {
            if (covered[i])
            {
                continue;
            }

            var first = i;
            while (i < blockCount && !covered[i])
            {
                i++;
            }

            runs.Add(new BlockSpan(first, i));
        }

        return runs;
    }
}
