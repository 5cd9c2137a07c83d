namespace Skein.Engine.Edge;

/// <summary>The files of embedding and head: GGUFs with the vocabulary and one identity block.</summary>
/// <param name="EmbeddingPath">File that tokens are embedded with.</param>
/// <param name="HeadPath">File that rows are turned into logits with; the same one for most architectures.</param>
/// <param name="HeadRowScale">What rows are multiplied by before the head, for architectures whose graph scales any input; 1 for most.</param>
public sealed record EdgeSource(string EmbeddingPath, string HeadPath, float HeadRowScale = 1f);
