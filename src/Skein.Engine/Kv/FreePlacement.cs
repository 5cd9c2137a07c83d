namespace Skein.Engine.Kv;

/// <summary>Leaves the choice of cells to llama.cpp: for models with sliding windows, whose caches reuse cells by rules of their own.</summary>
internal sealed class FreePlacement(IKvMemory memory) : KvPlacement
{
    /// <inheritdoc/>
    public override int Plan(IReadOnlyList<KvStep> steps, List<KvSegment> segments)
    {
        segments.Clear();
        for (var i = 0; i < steps.Count; i++)
        {
            segments.Add(new KvSegment(i, 0, steps[i].Count, -1));
        }

        return -1;
    }

    /// <inheritdoc/>
    public override void Prepare(IReadOnlyList<KvSegment> segments)
    {
    }

    /// <inheritdoc/>
    public override void Settle(IReadOnlyList<KvStep> steps)
    {
    }

    /// <inheritdoc/>
    public override void Release(int slot, int length) => memory.Remove(slot, length, int.MaxValue);

    /// <inheritdoc/>
    public override void Close(int slot) => memory.Remove(slot, 0, int.MaxValue);

    /// <inheritdoc/>
    public override void Share(int source, int destination, int length) => memory.Copy(source, destination, 0, length);
}
