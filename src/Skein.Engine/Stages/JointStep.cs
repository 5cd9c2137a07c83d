using Skein.Core.Hidden;

namespace Skein.Engine.Stages;

/// <summary>One sequence's part of a batch that is to be computed as one.</summary>
/// <param name="Sequence">Whose.</param>
/// <param name="Rows">Its rows; borrowed until the batch ends.</param>
/// <param name="First">Position of the first one.</param>
public readonly record struct JointStep(EngineSequence Sequence, HiddenRows Rows, int First);
