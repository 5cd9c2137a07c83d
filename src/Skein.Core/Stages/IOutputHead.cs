using Skein.Core.Hidden;

namespace Skein.Core.Stages;

/// <summary>Hidden rows to logits: final norm and head, the end of every chain, at the coordinator. Thread-safe.</summary>
public interface IOutputHead
{
    /// <summary>Logits per row.</summary>
    int VocabularySize { get; }

    /// <summary>Applies norm and head to every row.</summary>
    /// <param name="rows">Residual stream after the last block. Borrowed until the task ends.</param>
    /// <param name="cancellationToken">Safe: a head keeps no state.</param>
    /// <returns>Logits, same number of rows, width <see cref="VocabularySize"/>. The caller disposes it.</returns>
    ValueTask<HiddenRows> ComputeLogitsAsync(HiddenRows rows, CancellationToken cancellationToken);
}
