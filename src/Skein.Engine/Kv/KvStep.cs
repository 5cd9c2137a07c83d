namespace Skein.Engine.Kv;

/// <summary>Rows that a sequence wants to write.</summary>
/// <param name="Slot">The sequence.</param>
/// <param name="First">First position, its length so far.</param>
/// <param name="Count">Rows.</param>
internal readonly record struct KvStep(int Slot, int First, int Count);
