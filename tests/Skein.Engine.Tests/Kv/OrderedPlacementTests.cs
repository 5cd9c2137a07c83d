using CsCheck;
using Skein.Core.Stages;
using Skein.Engine.Kv;

namespace Skein.Engine.Tests.Kv;

public sealed class OrderedPlacementTests
{
    private const int PageSize = 4;
    private const int Pages = 12;
    private const int Slots = 5;
    private const int BatchRows = 7;

    private enum Act
    {
        Step,
        Batch,
        Truncate,
        Close,
        Fork,
    }

    [Fact]
    public void Plan_AfterAnyHistory_KeepsPositionsInAscendingCells()
        => Gen.Select(Gen.Enum<Act>(), Gen.Int[0, Slots - 1], Gen.Int[0, Slots - 1], Gen.Int[1, 9]).Array[1, 60].Sample(acts => Run(acts), iter: 1000);

    [Fact]
    public void Plan_OfOneSequence_NeedsNoStandIns()
    {
        var memory = new CellModel(Pages * PageSize, BatchRows);
        var placement = new OrderedPlacement(memory, Pages, PageSize, Slots);
        Write(memory, placement, [new KvStep(0, 0, 6)]);
        Write(memory, placement, [new KvStep(0, 6, 1)]);

        Assert.Equal(7, placement.Frontier);
        Assert.Equal(Enumerable.Range(0, 7), memory.CellsOf(0));
        Assert.All(Enumerable.Range(Slots, Pages), standIn => Assert.Empty(memory.CellsOf(standIn)));
    }

    [Fact]
    public void Close_OfTheLastSequence_EmptiesTheMemory()
    {
        var memory = new CellModel(Pages * PageSize, BatchRows);
        var placement = new OrderedPlacement(memory, Pages, PageSize, Slots);
        Write(memory, placement, [new KvStep(0, 0, 3), new KvStep(1, 0, 2)]);
        placement.Close(0);
        placement.Close(1);

        Assert.Equal(0, placement.Frontier);
        Assert.All(Enumerable.Range(0, Slots + Pages), sequence => Assert.Empty(memory.CellsOf(sequence)));
    }

    private static void Run((Act Act, int First, int Second, int Count)[] acts)
    {
        var memory = new CellModel(Pages * PageSize, BatchRows);
        var placement = new OrderedPlacement(memory, Pages, PageSize, Slots);
        var lengths = new int[Slots];
        foreach (var (act, first, second, count) in acts)
        {
            switch (act)
            {
                case Act.Step:
                    TryWrite(memory, placement, lengths, [new KvStep(first, lengths[first], Math.Min(count, BatchRows))]);
                    break;
                case Act.Batch when first != second:
                    TryWrite(memory, placement, lengths, [new KvStep(first, lengths[first], Math.Min(count, BatchRows - 1)), new KvStep(second, lengths[second], 1)]);
                    break;
                case Act.Truncate:
                    lengths[first] = Math.Max(0, lengths[first] - count);
                    placement.Release(first, lengths[first]);
                    break;
                case Act.Close:
                    lengths[first] = 0;
                    placement.Close(first);
                    break;
                case Act.Fork when lengths[second] == 0 && first != second && lengths[first] > 0:
                    placement.Close(second);
                    lengths[second] = Math.Min(count, lengths[first]);
                    placement.Share(first, second, lengths[second]);
                    break;
            }

            Check(memory, placement, lengths);
        }
    }

    private static void TryWrite(CellModel memory, OrderedPlacement placement, int[] lengths, KvStep[] steps)
    {
        // As the ledger would: no more pages than there are.
        var wanted = lengths.Select((length, slot) => (length + steps.Where(step => step.Slot == slot).Sum(step => step.Count) + PageSize - 1) / PageSize).Sum();
        if (wanted > Pages)
        {
            return;
        }

        try
        {
            Write(memory, placement, steps);
        }
        catch (StageException error) when (error.Error == StageError.KvBudgetExhausted)
        {
            // Forks can waste cells; nothing was written, and a sequence that was to be moved is lost.
            for (var lost = 0; lost < Slots; lost++)
            {
                lengths[lost] = memory.PositionsOf(lost).Count;
            }

            return;
        }

        foreach (var step in steps)
        {
            lengths[step.Slot] = step.First + step.Count;
        }
    }

    private static void Write(CellModel memory, OrderedPlacement placement, KvStep[] steps)
    {
        var segments = new List<KvSegment>();
        int slot;
        while ((slot = placement.Plan(steps, segments)) >= 0)
        {
            var length = steps.First(step => step.Slot == slot).First;
            placement.Close(slot);
            Write(memory, placement, [new KvStep(slot, 0, length)]);
        }

        placement.Prepare(segments);

        // A moved sequence comes back in one go, so the model's bound on rows does not count here.
        var rows = segments.SelectMany(segment => Enumerable.Range(0, segment.Count).Select(row => new KvRow(steps[segment.Step].Slot, steps[segment.Step].First + segment.Row + row))).ToList();
        foreach (var chunk in rows.Chunk(BatchRows))
        {
            memory.Place(chunk);
        }

        placement.Settle(steps);
        foreach (var segment in segments)
        {
            var cells = memory.CellsOf(steps[segment.Step].Slot);
            Assert.Equal(Enumerable.Range(segment.Cell, segment.Count), cells.Skip(steps[segment.Step].First + segment.Row).Take(segment.Count));
        }
    }

    private static void Check(CellModel memory, OrderedPlacement placement, int[] lengths)
    {
        for (var slot = 0; slot < Slots; slot++)
        {
            Assert.Equal(Enumerable.Range(0, lengths[slot]), memory.PositionsOf(slot));
            var cells = memory.CellsOf(slot);
            Assert.Equal(cells.Order(), cells);
        }

        var taken = Enumerable.Range(0, Slots + Pages).SelectMany(memory.CellsOf).Distinct().Count();
        Assert.Equal(placement.Frontier, taken);
    }
}
