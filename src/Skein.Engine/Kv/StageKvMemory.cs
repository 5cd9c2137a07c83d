using Skein.Core.Stages;
using Skein.Engine.Loading;
using Skein.Engine.Stages;

namespace Skein.Engine.Kv;

/// <summary>The KV memory of all files of a stage, kept alike. One thread at a time.</summary>
internal sealed class StageKvMemory(IReadOnlyList<StagePart> parts) : IKvMemory
{
    /// <inheritdoc/>
    public int MaxRows => parts[0].Context.Shape.Rows;

    /// <inheritdoc/>
    public void Remove(int sequence, int first, int end)
    {
        foreach (var part in parts)
        {
            part.Context.Remove(sequence, first, end);
        }
    }

    /// <inheritdoc/>
    public void Copy(int source, int destination, int first, int end)
    {
        foreach (var part in parts)
        {
            part.Context.Copy(source, destination, first, end);
        }
    }

    /// <inheritdoc/>
    public void Place(IReadOnlyList<KvRow> rows) => Place(rows, firstPart: 0);

    /// <summary>Gives rows cells in some parts only: those where a batch failed, or was not begun.</summary>
    public void Place(IReadOnlyList<KvRow> rows, int firstPart)
    {
        foreach (var part in parts.Skip(firstPart))
        {
            var context = part.Context;
            for (var i = 0; i < rows.Count; i++)
            {
                context.Sequences[i] = rows[i].Sequence;
                context.Positions[i] = rows[i].Position;
            }

            context.ResetAbort();
            var outcome = context.Place(rows.Count);
            if (outcome != DecodeOutcome.Computed)
            {
                throw new StageException(StageError.Internal, $"llama.cpp gave no cells to {rows.Count} rows ({outcome}); the stage must be loaded again.");
            }
        }
    }
}
