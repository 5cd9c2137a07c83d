namespace Skein.Engine.Stages;

/// <summary>Keys and values of a sequence, as llama.cpp writes them. Large: about a KV token's size times the length.</summary>
/// <param name="Length">Positions held.</param>
/// <param name="Parts">One state for each file of the stage.</param>
public sealed record SequenceState(int Length, IReadOnlyList<ReadOnlyMemory<byte>> Parts);
