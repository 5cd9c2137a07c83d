namespace Skein.Engine.Loading;

/// <summary>How a context is made.</summary>
/// <param name="Tokens">KV cells over all sequences.</param>
/// <param name="Rows">The most rows in one batch.</param>
/// <param name="Sequences">The most sequences.</param>
/// <param name="Threads">Threads of a computation.</param>
/// <param name="KvType">How keys and values are kept.</param>
/// <param name="IsShared">
/// Whether all sequences share one buffer. A context of one sequence does without: llama.cpp then does not walk its table of 256 x 256 pairs of sequences for every
/// batch, which takes as long as a small block (65 us of 290).
/// </param>
internal sealed record ContextShape(int Tokens, int Rows, int Sequences, int Threads, KvCacheType KvType, bool IsShared = true);
