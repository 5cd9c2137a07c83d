namespace Skein.Models;

/// <summary>What a piece holds. Names are part of the manifest's format.</summary>
public enum PieceKind
{
    /// <summary>Tensors outside the blocks that every stage needs: final norm, rope factors.</summary>
    Shared = 0,

    /// <summary>The token embedding.</summary>
    Embedding = 1,

    /// <summary>The head, if it is not the embedding again.</summary>
    Output = 2,

    /// <summary>One transformer block.</summary>
    Block = 3,
}
