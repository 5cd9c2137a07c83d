namespace Skein.Core.Stages;

/// <summary>A span of blocks that computes for many sequences at once: local, remote, a browser, or a paced stand-in.</summary>
/// <remarks>Thread-safe. Steps of different sequences are gathered into shared batches; steps of one sequence run one after another.</remarks>
public interface IStage : IAsyncDisposable
{
    /// <summary>What the stage hosts and can hold.</summary>
    StageInfo Info { get; }

    /// <summary>KV tokens that no sequence has reserved at this moment.</summary>
    int FreeKvTokens { get; }

    /// <summary>Reserves KV memory for one sequence.</summary>
    /// <param name="kvTokens">The most positions that the sequence will hold, 1 to <see cref="StageInfo.MaxSequenceTokens"/>.</param>
    /// <param name="cancellationToken">Safe at any time: nothing stays reserved.</param>
    /// <exception cref="StageException"><see cref="StageError.KvBudgetExhausted"/> or <see cref="StageError.TooManySequences"/>: nothing was reserved; retry when a session ends.</exception>
    ValueTask<IStageSequence> OpenSequenceAsync(int kvTokens, CancellationToken cancellationToken);
}
