namespace Skein.Engine.Kv;

/// <summary>A position of a native sequence.</summary>
/// <param name="Sequence">Native sequence id.</param>
/// <param name="Position">Position in it.</param>
internal readonly record struct KvRow(int Sequence, int Position);
