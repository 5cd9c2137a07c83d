using Skein.Core.Identity;

namespace Skein.Models;

/// <summary>The files of one stage, ready for the engine.</summary>
/// <param name="Span">Blocks of the whole model.</param>
/// <param name="Parts">GGUF files, to be run one after another; more than one where a span starts inside a period of the architecture.</param>
/// <param name="RowScale">What rows are multiplied by before each part; 1 for most.</param>
public sealed record StageFiles(BlockSpan Span, IReadOnlyList<string> Parts, float RowScale);
