using Skein.Core.Hidden;

namespace Skein.Core.Stages;

/// <summary>The KV cache of one sequence in one stage. Disposing it frees the reservation.</summary>
/// <remarks>One caller at a time: calls of one sequence do not overlap.</remarks>
public interface IStageSequence : IAsyncDisposable
{
    /// <summary>Positions held: the next step begins here.</summary>
    int Length { get; }

    /// <summary>Positions reserved.</summary>
    int KvTokens { get; }

    /// <summary>Runs the stage's blocks over rows at positions <c>[first, first + rows.Rows)</c>.</summary>
    /// <param name="rows">Residual stream before the first block of the span. Borrowed until the task ends; the caller disposes it.</param>
    /// <param name="first">Position of the first row; equal to <see cref="Length"/>.</param>
    /// <param name="kind">Decode and verify rows go before prefill chunks.</param>
    /// <param name="cancellationToken">Cancelled while queued: nothing ran. Cancelled while computing: the sequence is poisoned and only disposing it is left.</param>
    /// <returns>Residual stream after the last block of the span, same shape. The caller disposes it.</returns>
    /// <exception cref="StageException">The rows are malformed, do not fit, or the engine failed; <see cref="StageException.Error"/> says which.</exception>
    ValueTask<HiddenRows> StepAsync(HiddenRows rows, int first, StepKind kind, CancellationToken cancellationToken);

    /// <summary>Forgets every position from <paramref name="length"/> on: the rollback of rejected drafts.</summary>
    /// <param name="length">0 to <see cref="Length"/>.</param>
    /// <param name="cancellationToken">Safe: the rollback either happened or did not.</param>
    ValueTask TruncateAsync(int length, CancellationToken cancellationToken);
}
