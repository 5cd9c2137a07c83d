using Skein.Gguf;

namespace Skein.Models;

/// <summary>A group of tensors that travels together: their bytes one after another, ordinal by name, without padding.</summary>
/// <param name="Key">Which piece.</param>
/// <param name="Tensors">In the order of their bytes.</param>
/// <param name="Parts">The files that hold the bytes, in order. Every part but the last is <see cref="PieceLayout.MaxPartBytes"/> long.</param>
public sealed record ModelPiece(PieceKey Key, IReadOnlyList<CatalogueEntry> Tensors, IReadOnlyList<PiecePart> Parts)
{
    /// <summary>Bytes of the piece.</summary>
    public long Length => Parts.Sum(part => part.Length);
}
