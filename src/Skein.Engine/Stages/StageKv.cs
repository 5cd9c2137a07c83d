using System.Buffers.Binary;
using Skein.Core.Stages;
using Skein.Engine.Kv;

namespace Skein.Engine.Stages;

/// <summary>The KV memory of a stage: who may use how much, and where it lies. Reservations are thread-safe; everything else is for the lane.</summary>
internal sealed class StageKv
{
    private const int SmallestPage = 32;

    private readonly IReadOnlyList<StagePart> _parts;
    private readonly StageKvMemory _memory;
    private readonly KvPlacement _placement;
    private readonly KvLedger _ledger;
    private readonly List<KvSegment> _segments = [];

    /// <summary>Makes the memory of loaded parts.</summary>
    public StageKv(IReadOnlyList<StagePart> parts, int pages, int pageSize, int slots)
    {
        _parts = parts;
        _memory = new StageKvMemory(parts);
        _ledger = new KvLedger(pages, pageSize, slots);
        SlidingWindow = parts.Max(part => part.Model.SlidingWindow);
        IsOrdered = SlidingWindow == 0;
        _placement = IsOrdered ? new OrderedPlacement(_memory, pages, pageSize, slots) : new FreePlacement(_memory);
    }

    /// <summary>Who has reserved how much.</summary>
    public KvLedger Ledger => _ledger;

    /// <summary>Whether results do not depend on which sequences came and went before.</summary>
    public bool IsOrdered { get; }

    /// <summary>Positions that blocks with a sliding window look back; 0 if there are none.</summary>
    public int SlidingWindow { get; }

    /// <summary>Divides a budget into pages, each of which needs a native sequence beside those of the slots.</summary>
    public static (int Pages, int PageSize) Divide(int budget, int slots, int nativeSequences)
    {
        var size = SmallestPage;
        while ((budget + size - 1) / size > nativeSequences - slots)
        {
            size *= 2;
        }

        return ((budget + size - 1) / size, size);
    }

    /// <summary>Finds cells for a batch and frees them.</summary>
    /// <returns>The order in which rows must go into the batch; valid until the next call.</returns>
    /// <exception cref="StageException">There are no cells, or llama.cpp refuses.</exception>
    public IReadOnlyList<KvSegment> Prepare(IReadOnlyList<KvStep> steps)
    {
        int slot;
        while ((slot = _placement.Plan(steps, _segments)) >= 0)
        {
            Move(slot, steps);
        }

        _placement.Prepare(_segments);
        return _segments;
    }

    /// <summary>Notes that a prepared batch was computed.</summary>
    public void Commit(IReadOnlyList<KvStep> steps) => _placement.Settle(steps);

    /// <summary>Notes that a prepared batch failed: its rows get their cells all the same, so that all parts stay alike, and wait for their sequence to end.</summary>
    /// <param name="steps">The batch.</param>
    /// <param name="firstPart">The part that failed; those behind it did not begin.</param>
    public void CommitFailed(IReadOnlyList<KvStep> steps, int firstPart)
    {
        if (!IsOrdered)
        {
            return;
        }

        var rows = new List<KvRow>();
        foreach (var segment in _segments)
        {
            var step = steps[segment.Step];
            for (var row = 0; row < segment.Count; row++)
            {
                rows.Add(new KvRow(step.Slot, step.First + segment.Row + row));
            }
        }

        foreach (var chunk in rows.Chunk(_memory.MaxRows))
        {
            _memory.Place(chunk, firstPart);
        }

        _placement.Settle(steps);
    }

    /// <summary>Forgets positions from <paramref name="length"/> on.</summary>
    /// <returns>Whether what is left can go on: false if a sliding window has already lost positions that it would look back to.</returns>
    public bool Truncate(int slot, int length)
    {
        _placement.Release(slot, length);
        return SlidingWindow == 0 || length == 0 || _parts.All(part => part.Context.FirstPosition(slot) <= Math.Max(0, length - SlidingWindow));
    }

    /// <summary>Forgets a sequence.</summary>
    public void Close(int slot) => _placement.Close(slot);

    /// <summary>Shares the first positions with an empty sequence.</summary>
    public void Share(int source, int destination, int length) => _placement.Share(source, destination, length);

    /// <summary>Writes a sequence's state out.</summary>
    public SequenceState Export(int slot, int length) => new(length, [.. _parts.Select(part => (ReadOnlyMemory<byte>)part.Context.Export(slot))]);

    /// <summary>Reads a state into an empty sequence.</summary>
    /// <exception cref="StageException">It does not fit; the sequence is empty.</exception>
    public void Import(int slot, SequenceState state)
    {
        if (state.Length < 1 || state.Parts.Count != _parts.Count || (IsOrdered && !state.Parts.All(part => HasPositions(part.Span, state.Length))))
        {
            throw Unfit();
        }

        KvStep[] steps = [new KvStep(slot, 0, state.Length)];
        Prepare(steps);
        for (var i = 0; i < _parts.Count; i++)
        {
            var context = _parts[i].Context;
            if (!context.Import(slot, state.Parts[i].Span) || context.LastPosition(slot) != state.Length - 1)
            {
                context.Remove(slot, 0, int.MaxValue);
                CommitFailed(steps, i);
                _placement.Close(slot);
                throw Unfit();
            }
        }

        Commit(steps);
    }

    /// <summary>Moves a sequence to the lowest free pages, because none is left above it. The bits of its keys and values stay.</summary>
    private void Move(int slot, IReadOnlyList<KvStep> steps)
    {
        var length = steps.First(step => step.Slot == slot).First;
        var state = Export(slot, length);
        _placement.Close(slot);
        Import(slot, state);
    }

    /// <summary>Whether a state begins as llama.cpp writes one of positions 0 to <paramref name="length"/> - 1: magic, sequence, streams, cells, then position, owners and owner of each.</summary>
    private static bool HasPositions(ReadOnlySpan<byte> bytes, int length)
    {
        const int Header = 16;
        const int Cell = 12;
        if (bytes.Length < Header + ((long)Cell * length)
            || BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]) != 1
            || BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]) != length)
        {
            return false;
        }

        for (var i = 0; i < length; i++)
        {
            var cell = bytes.Slice(Header + (Cell * i), 8);
            if (BinaryPrimitives.ReadInt32LittleEndian(cell) != i || BinaryPrimitives.ReadInt32LittleEndian(cell[4..]) != 1)
            {
                return false;
            }
        }

        return true;
    }

    private static StageException Unfit() => new(StageError.BadShape, "The state is not one of this span, engine class and length; nothing was taken.");
}
