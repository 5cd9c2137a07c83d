namespace Skein.Models;

/// <summary>A manifest with where the bytes are: what <c>manifest.json</c> of a store holds. Immutable.</summary>
/// <param name="Manifest">What the model is.</param>
/// <param name="Pieces">Its tensors in files, in the order of <see cref="PieceKey"/>. Not part of the model's identity.</param>
/// <param name="About">What the imported file said about itself: name, author, licence. Not part of the model's identity, and not to be trusted.</param>
public sealed record StoredManifest(ModelManifest Manifest, IReadOnlyList<ModelPiece> Pieces, IReadOnlyDictionary<string, string> About)
{
    /// <summary>Every file of the model, each once, metadata documents included.</summary>
    public IEnumerable<PiecePart> Files()
        => Pieces.SelectMany(piece => piece.Parts)
            .Append(ToPart(Manifest.Architecture))
            .Append(ToPart(Manifest.Tokenizer))
            .DistinctBy(part => part.Sha256);

    private static PiecePart ToPart(MetadataDocument document) => new(document.Sha256, document.Length);
}
