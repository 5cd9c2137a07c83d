using Skein.Core.Identity;

namespace Skein.Core.Stages;

/// <summary>What a stage hosts and can hold. Immutable.</summary>
/// <param name="Span">Blocks of the whole model.</param>
/// <param name="Width">Values per hidden row.</param>
/// <param name="MaxStepRows">The most rows that one step may carry.</param>
/// <param name="MaxSequenceTokens">The longest sequence.</param>
/// <param name="KvTokenBudget">KV tokens over all sequences.</param>
/// <param name="EngineClass">Names arithmetic: engine build and CPU or GPU variant. Equal classes with width-invariant weights give equal bits.</param>
/// <param name="WidthInvariant">Whether a row's result is the same bits whatever else is in its batch.</param>
public sealed record StageInfo(
    BlockSpan Span,
    int Width,
    int MaxStepRows,
    int MaxSequenceTokens,
    int KvTokenBudget,
    string EngineClass,
    bool WidthInvariant);
