namespace Skein.Engine.Stages;

/// <summary>What a stage has done since it was loaded.</summary>
/// <param name="Batches">Batches computed.</param>
/// <param name="Rows">Rows in them.</param>
/// <param name="ComputeTime">Time in llama.cpp.</param>
public readonly record struct StageCounters(long Batches, long Rows, TimeSpan ComputeTime);
