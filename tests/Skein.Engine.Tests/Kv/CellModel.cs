using Skein.Engine.Kv;

namespace Skein.Engine.Tests.Kv;

/// <summary>llama.cpp's choice of cells, as <c>llama_kv_cache::find_slot</c> and <c>seq_rm</c> make it for a cache without a sliding window.</summary>
internal sealed class CellModel(int size, int maxRows) : IKvMemory
{
    private readonly HashSet<int>[] _owners = [.. Enumerable.Range(0, size).Select(_ => new HashSet<int>())];
    private readonly int[] _positions = new int[size];
    private int _head;

    public int MaxRows => maxRows;

    public void Remove(int sequence, int first, int end)
    {
        var lowest = size;
        for (var cell = 0; cell < size; cell++)
        {
            if (_owners[cell].Contains(sequence) && _positions[cell] >= first && _positions[cell] < end)
            {
                _owners[cell].Remove(sequence);
                if (_owners[cell].Count == 0)
                {
                    lowest = Math.Min(lowest, cell);
                }
            }
        }

        _head = Math.Min(_head, lowest);
    }

    public void Copy(int source, int destination, int first, int end)
    {
        for (var cell = 0; cell < size; cell++)
        {
            if (_owners[cell].Contains(source) && _positions[cell] >= first && _positions[cell] < end)
            {
                _owners[cell].Add(destination);
            }
        }
    }

    public void Place(IReadOnlyList<KvRow> rows)
    {
        Assert.InRange(rows.Count, 1, maxRows);
        CheckContinuity(rows);
        var head = _head > _owners.Count(owners => owners.Count > 0) + (2 * rows.Count) ? 0 : _head;
        var cells = new List<int>();
        for (var tested = 0; cells.Count < rows.Count; tested++, head++)
        {
            Assert.True(tested < size, "no cells are left");
            if (_owners[head % size].Count == 0)
            {
                cells.Add(head % size);
            }
        }

        for (var i = 0; i < rows.Count; i++)
        {
            _owners[cells[i]].Add(rows[i].Sequence);
            _positions[cells[i]] = rows[i].Position;
        }

        _head = cells[^1] + 1;
    }

    /// <summary>Cells of a sequence in the order of its positions.</summary>
    public List<int> CellsOf(int sequence)
        => [.. Enumerable.Range(0, size).Where(cell => _owners[cell].Contains(sequence)).OrderBy(cell => _positions[cell])];

    public List<int> PositionsOf(int sequence)
        => [.. Enumerable.Range(0, size).Where(cell => _owners[cell].Contains(sequence)).Select(cell => _positions[cell]).Order()];

    private void CheckContinuity(IReadOnlyList<KvRow> rows)
    {
        foreach (var group in rows.GroupBy(row => row.Sequence))
        {
            var positions = group.Select(row => row.Position).ToList();
            Assert.Equal(Enumerable.Range(positions[0], positions.Count), positions);
            var held = PositionsOf(group.Key);
            Assert.True(held.Count == 0 || held[^1] + 1 == positions[0], $"sequence {group.Key} holds up to {(held.Count == 0 ? -1 : held[^1])} and continues at {positions[0]}");
        }
    }
}
