using Skein.Core.Stages;

namespace Skein.Core.Generation;

/// <summary>Chooses tokens for one sequence. Keeps state (penalties, grammar, random numbers); one caller at a time.</summary>
public interface ISampler : IDisposable
{
    /// <summary>Chooses the next token and takes it into its state.</summary>
    /// <param name="logits">One row, width of the vocabulary. Not changed.</param>
    /// <exception cref="StageException">The logits are not finite, or the grammar allows no token.</exception>
    int Sample(ReadOnlySpan<float> logits);
}
