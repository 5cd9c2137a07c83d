using Skein.Core.Identity;

namespace Skein.Engine.Stages;

/// <summary>The files that make up one stage.</summary>
/// <param name="Span">Blocks of the whole model.</param>
/// <param name="Parts">GGUF files in order, each a middle stage; more than one where a span starts inside a period of the architecture.</param>
/// <param name="RowScale">What rows are multiplied by before each part, for architectures whose graph scales any input; 1 for most.</param>
public sealed record StageSource(BlockSpan Span, IReadOnlyList<string> Parts, float RowScale = 1f);
