using Skein.Core.Stages;

namespace Skein.Engine.Kv;

/// <summary>Makes llama.cpp put the positions of every sequence into ascending cells, whoever came and went before.</summary>
/// <remarks>
/// <para>Attention adds up values in the order of cells, and floating-point sums depend on their order. llama.cpp fills the lowest empty cells first, so after a
/// neighbour left, a sequence continues below its own beginning and computes other bits than it would alone (measured: ADR 2). Results must not depend on who
/// else was there.</para>
/// <para>llama.cpp has no call for choosing cells, but it takes the first empty ones. So no cell below the <em>frontier</em> is ever empty: cells that no sequence uses are
/// held by a stand-in sequence, one for each page. For a batch, exactly the planned cells are freed and the rows are sorted by cell; nothing else is left to
/// choose. Holding new cells runs a batch whose graph is not computed.</para>
/// <para>Invariants between batches: cells below the frontier are used or held, cells above are empty; in a page, used cells come before held ones; a held cell i of a listed page
/// stands for position <c>Base + i</c> of its stand-in.</para>
/// </remarks>
internal sealed class OrderedPlacement : KvPlacement
{
    private readonly IKvMemory _memory;
    private readonly KvPage[] _pages;
    private readonly List<KvEntry>[] _lists;
    private readonly int[] _lengths;
    private readonly List<KvRow> _rows = [];
    private readonly int _pageSize;
    private readonly int _slots;
    private int _frontier;

    /// <summary>Starts with empty memory.</summary>
    /// <param name="memory">At least <paramref name="pages"/> x <paramref name="pageSize"/> cells, and native sequences for all slots and pages.</param>
    /// <param name="pages">Number of pages.</param>
    /// <param name="pageSize">Cells in each.</param>
    /// <param name="slots">Sequences; the stand-ins are numbered after them.</param>
    public OrderedPlacement(IKvMemory memory, int pages, int pageSize, int slots)
    {
        _memory = memory;
        _pageSize = pageSize;
        _slots = slots;
        _pages = [.. Enumerable.Range(0, pages).Select(index => new KvPage(index, pageSize))];
        _lists = [.. Enumerable.Range(0, slots).Select(_ => new List<KvEntry>())];
        _lengths = new int[slots];
    }

    /// <summary>Cells below this are used or held.</summary>
    public int Frontier => _frontier;

    /// <inheritdoc/>
    public override int Plan(IReadOnlyList<KvStep> steps, List<KvSegment> segments)
    {
        segments.Clear();
        try
        {
            for (var step = 0; step < steps.Count; step++)
            {
                if (!TryPlan(step, steps[step], segments))
                {
                    return steps[step].Slot;
                }
            }
        }
        finally
        {
            segments.ForEach(segment => Mark(segment, -1));
        }

        segments.Sort(static (left, right) => left.Cell.CompareTo(right.Cell));
        return -1;
    }

    /// <inheritdoc/>
    public override void Prepare(IReadOnlyList<KvSegment> segments)
    {
        if (HasGap(segments))
        {
            HoldUpTo(segments[^1].Cell);
        }

        foreach (var segment in segments)
        {
            if (segment.Cell < _frontier)
            {
                var page = _pages[segment.Cell / _pageSize];
                var position = page.Base + (segment.Cell % _pageSize);
                _memory.Remove(StandIn(page), position, position + segment.Count);
            }
        }
    }

    /// <inheritdoc/>
    public override void Settle(IReadOnlyList<KvStep> steps)
    {
        foreach (var (slot, first, count) in steps)
        {
            for (var position = first; position < first + count; position++)
            {
                var page = EntryOf(slot, position).Page;
                var offset = position - page.Base;
                page.Users[offset]++;
                page.Used++;
                _frontier = Math.Max(_frontier, (page.Index * _pageSize) + offset + 1);
            }

            _lengths[slot] = first + count;
        }
    }

    /// <inheritdoc/>
    public override void Release(int slot, int length)
    {
        for (var position = length; position < _lengths[slot];)
        {
            var entry = EntryOf(slot, position);
            position = Hold(slot, entry, position, Math.Min(_lengths[slot], EndOf(slot, entry)));
        }

        _memory.Remove(slot, length, int.MaxValue);
        _lengths[slot] = Math.Min(_lengths[slot], length);
    }

    /// <inheritdoc/>
    public override void Close(int slot)
    {
        Release(slot, 0);
        foreach (var entry in _lists[slot])
        {
            entry.Page.Listed--;
        }

        _lists[slot].Clear();
        Shrink();
    }

    /// <inheritdoc/>
    public override void Share(int source, int destination, int length)
    {
        foreach (var entry in _lists[source].TakeWhile(entry => entry.First < length))
        {
            _lists[destination].Add(entry);
            entry.Page.Listed++;
            for (var position = entry.First; position < Math.Min(length, EndOf(source, entry)); position++)
            {
                entry.Page.Users[position - entry.Page.Base]++;
                entry.Page.Used++;
            }
        }

        _memory.Copy(source, destination, 0, length);
        _lengths[destination] = length;
    }

    private bool TryPlan(int step, KvStep wanted, List<KvSegment> segments)
    {
        var (slot, first, count) = wanted;
        for (var row = 0; row < count;)
        {
            var entry = FindOrAssign(slot, first + row, out var mustMove);
            if (mustMove)
            {
                return false;
            }

            var offset = first + row - entry.Page.Base;
            var length = Math.Min(count - row, FreeRun(entry.Page, offset, EndOf(slot, entry) - first - row));
            var segment = new KvSegment(step, row, length, (entry.Page.Index * _pageSize) + offset);

            // Forks may stand at the same cell: what one of them is about to write is not free for the other.
            Mark(segment, 1);
            segments.Add(segment);
            row += length;
        }

        return true;
    }

    private void Mark(KvSegment segment, int users)
    {
        var page = _pages[segment.Cell / _pageSize];
        for (var i = 0; i < segment.Count; i++)
        {
            page.Users[(segment.Cell % _pageSize) + i] += users;
        }
    }

    /// <summary>The entry whose page has a free cell for a position, assigning a page if there is none.</summary>
    private KvEntry FindOrAssign(int slot, int position, out bool mustMove)
    {
        mustMove = false;
        var list = _lists[slot];
        var index = list.FindLastIndex(entry => entry.First <= position);
        if (index >= 0 && position < EndOf(slot, list[index]) && list[index].Page.Users[position - list[index].Page.Base] == 0)
        {
            return list[index];
        }

        // What the list says of this position and later ones is void: a fork holds the cell, or the page ends before it.
        foreach (var entry in list.Skip(index + 1))
        {
            entry.Page.Listed--;
        }

        list.RemoveRange(index + 1, list.Count - index - 1);
        if (index >= 0 && list[index].First == position)
        {
            list[index].Page.Listed--;
            list.RemoveAt(index);
        }

        var above = list.Count == 0 ? -1 : list.Max(entry => entry.Page.Index);
        var page = Array.Find(_pages, page => page.Index > above && page.IsFree);
        if (page is null)
        {
            if (!Array.Exists(_pages, page => page.IsFree))
            {
                throw new StageException(StageError.KvBudgetExhausted, "Forked sequences hold cells that others reserved; retry when one of them ends.");
            }

            mustMove = true;
            return default;
        }

        Assign(page, position);
        var assigned = new KvEntry(page, position);
        list.Add(assigned);
        return assigned;
    }

    /// <summary>Gives a free page another base.</summary>
    private void Assign(KvPage page, int position)
    {
        page.Base = position;
        page.Listed = 1;
        var start = page.Index * _pageSize;
        if (start >= _frontier)
        {
            return;
        }

        _memory.Remove(StandIn(page), 0, int.MaxValue);
        if (start + _pageSize >= _frontier)
        {
            // Nothing lies above: the empty cells are simply beyond the frontier again.
            _frontier = start;
            return;
        }

        PlaceHeld(page, 0, _pageSize);
        FlushHeld();
    }

    /// <summary>Whether the segments at or above the frontier leave cells between them.</summary>
    private bool HasGap(IReadOnlyList<KvSegment> segments)
    {
        var next = _frontier;
        foreach (var segment in segments)
        {
            if (segment.Cell >= _frontier)
            {
                if (segment.Cell != next)
                {
                    return true;
                }

                next += segment.Count;
            }
        }

        return false;
    }

    private void HoldUpTo(int end)
    {
        while (_frontier < end)
        {
            var page = _pages[_frontier / _pageSize];
            var first = _frontier % _pageSize;
            var last = Math.Min(_pageSize, end - (page.Index * _pageSize));
            PlaceHeld(page, first, last);
            _frontier = (page.Index * _pageSize) + last;
        }

        FlushHeld();
    }

    private void PlaceHeld(KvPage page, int first, int end)
    {
        for (var offset = first; offset < end; offset++)
        {
            _rows.Add(new KvRow(StandIn(page), page.Base + offset));
            if (_rows.Count == _memory.MaxRows)
            {
                FlushHeld();
            }
        }
    }

    private void FlushHeld()
    {
        if (_rows.Count > 0)
        {
            _memory.Place(_rows);
            _rows.Clear();
        }
    }

    /// <summary>Gives up positions <c>[position, end)</c> of one entry; the stand-in takes cells that nobody else uses.</summary>
    private int Hold(int slot, KvEntry entry, int position, int end)
    {
        var page = entry.Page;
        while (position < end)
        {
            var alone = --page.Users[position - page.Base] == 0;
            page.Used--;
            var first = position++;
            while (position < end && page.Users[position - page.Base] == 1 == alone)
            {
                page.Users[position - page.Base]--;
                page.Used--;
                position++;
            }

            if (alone)
            {
                _memory.Copy(slot, StandIn(page), first, position);
            }
        }

        return end;
    }

    /// <summary>Empties free pages at the top, so that attention need not step over them.</summary>
    private void Shrink()
    {
        while (_frontier > 0)
        {
            var page = _pages[(_frontier - 1) / _pageSize];
            if (!page.IsFree)
            {
                return;
            }

            _memory.Remove(StandIn(page), 0, int.MaxValue);
            _frontier = page.Index * _pageSize;
        }
    }

    private KvEntry EntryOf(int slot, int position) => _lists[slot].FindLast(entry => entry.First <= position);

    private int EndOf(int slot, KvEntry entry)
    {
        var list = _lists[slot];
        var index = list.IndexOf(entry);
        var pageEnd = entry.Page.Base + _pageSize;
        return index + 1 < list.Count ? Math.Min(pageEnd, list[index + 1].First) : pageEnd;
    }

    private static int FreeRun(KvPage page, int offset, int most)
    {
        var length = 1;
        while (length < most && page.Users[offset + length] == 0)
        {
            length++;
        }

        return length;
    }

    private int StandIn(KvPage page) => _slots + page.Index;
}
