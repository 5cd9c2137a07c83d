namespace Skein.Engine.Loading;

/// <summary>How a context is made.</summary>
/// <param name="Tokens">KV cells over all sequences.</param>
/// <param name="Rows">The most rows in one batch.</param>
/// <param name="Sequences">The most sequences.</param>
/// <param name="Threads">Threads of a computation.</param>
/// <param name="KvType">How keys and values are kept.</param>
internal sealed record ContextShape(int Tokens, int Rows, int Sequences, int Threads, KvCacheType KvType);
