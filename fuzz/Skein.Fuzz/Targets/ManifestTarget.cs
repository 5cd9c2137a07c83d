using Skein.Models;

namespace Skein.Fuzz.Targets;

/// <summary>Manifests of models, and the names of models.</summary>
[Fuzzes(typeof(ManifestJson))]
public sealed class ManifestTarget : IFuzzTarget
{
    /// <inheritdoc/>
    public string Name => "manifest";

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<byte> data)
    {
        StoredManifest stored;
        try
        {
            stored = ManifestJson.Read(data.ToArray());
        }
        catch (ModelException)
        {
            return;
        }

        FuzzCheck.Holds(stored.Pieces.Count <= ManifestLimits.MaxPieces, "no more pieces than the limit");
        FuzzCheck.Holds(stored.Files().All(part => part.Length is > 0 and <= PieceLayout.MaxPartBytes), "no file is longer than the limit");
        FuzzCheck.Holds(stored.Pieces.Sum(piece => piece.Length) == stored.Manifest.TensorBytes, "pieces hold the tensors and nothing else");
        var again = ManifestJson.Read(ManifestJson.Write(stored));
        FuzzCheck.Holds(again.Manifest.Digest == stored.Manifest.Digest, "a manifest survives a second writing");
    }
}
