namespace Skein.Engine.Kv;

/// <summary>Where sequences lie in the KV memory. One thread at a time.</summary>
internal abstract class KvPlacement
{
    /// <summary>Finds cells for a batch.</summary>
    /// <param name="steps">At most one a slot.</param>
    /// <param name="segments">Receives the order in which the rows must go into the batch.</param>
    /// <returns>A slot that must be moved first (its state saved, <see cref="Close"/>, written again from position 0); -1 if the batch can go.</returns>
    /// <exception cref="Skein.Core.Stages.StageException">There are no cells left.</exception>
    public abstract int Plan(IReadOnlyList<KvStep> steps, List<KvSegment> segments);

    /// <summary>Makes llama.cpp's next choice of cells the planned one; the batch must follow, or <see cref="Settle"/>.</summary>
    public abstract void Prepare(IReadOnlyList<KvSegment> segments);

    /// <summary>Notes that the planned cells are in use: the batch was computed, or its rows were given cells otherwise.</summary>
    public abstract void Settle(IReadOnlyList<KvStep> steps);

    /// <summary>Frees positions from <paramref name="length"/> on.</summary>
    public abstract void Release(int slot, int length);

    /// <summary>Frees everything of a slot and lets go of the room that it had.</summary>
    public abstract void Close(int slot);

    /// <summary>Lets an empty slot share the first positions of another.</summary>
    public abstract void Share(int source, int destination, int length);
}
