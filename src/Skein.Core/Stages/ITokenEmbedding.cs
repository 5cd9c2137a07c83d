using Skein.Core.Hidden;

namespace Skein.Core.Stages;

/// <summary>Token ids to hidden rows: the start of every chain, at the coordinator. Thread-safe.</summary>
public interface ITokenEmbedding
{
    /// <summary>Values per row.</summary>
    int Width { get; }

    /// <summary>Embeds tokens as the architecture does, its scale included.</summary>
    /// <param name="tokens">1 to any number of ids, each in [0, vocabulary).</param>
    /// <param name="cancellationToken">Safe: an embedding keeps no state.</param>
    /// <returns>One row a token. The caller disposes it.</returns>
    ValueTask<HiddenRows> EmbedAsync(ReadOnlyMemory<int> tokens, CancellationToken cancellationToken);
}
