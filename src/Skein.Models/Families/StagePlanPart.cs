using Skein.Core.Identity;
using Skein.Gguf;

namespace Skein.Models;

/// <summary>One file of a stage.</summary>
/// <param name="Span">Blocks of the whole model.</param>
/// <param name="Rules">What to change in the slice.</param>
public sealed record StagePlanPart(BlockSpan Span, SliceRules Rules);
