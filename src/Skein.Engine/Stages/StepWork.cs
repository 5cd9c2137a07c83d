using Skein.Core.Hidden;
using Skein.Core.Stages;
using Skein.Engine.Lanes;

namespace Skein.Engine.Stages;

/// <summary>A step that waits for a lane.</summary>
internal sealed class StepWork(EngineSequence sequence, HiddenRows rows, int first, StepKind kind, CancellationToken cancellationToken)
    : LaneWork(cancellationToken)
{
    /// <summary>Whose.</summary>
    public EngineSequence Sequence { get; } = sequence;

    /// <summary>The caller's rows.</summary>
    public HiddenRows Rows { get; } = rows;

    /// <summary>Position of the first row.</summary>
    public int First { get; } = first;

    /// <summary>What for.</summary>
    public StepKind Kind { get; } = kind;
}
