using System.Globalization;
using System.Text;
using Skein.Core.Identity;
using Skein.Gguf;

namespace Skein.Models;

/// <summary>What a model is, bit for bit: its metadata and its tensors by hash. Says nothing about where bytes are. Immutable.</summary>
/// <remarks>Two nodes serve the same model only if <see cref="Digest"/> is equal: same arithmetic, same weights, same quantisation, same vocabulary. See docs/protocol/manifest.md.</remarks>
public sealed class ModelManifest
{
    private const string FirstLine = "skein-model-1\n";

    private ModelManifest(MetadataDocument architecture, MetadataDocument tokenizer, IReadOnlyList<CatalogueEntry> tensors)
    {
        Architecture = architecture;
        Tokenizer = tokenizer;
        Tensors = tensors;
        Digest = ComputeDigest(architecture, tokenizer, tensors);
    }

    /// <summary>Metadata that changes arithmetic.</summary>
    public MetadataDocument Architecture { get; }

    /// <summary>Vocabulary and chat template.</summary>
    public MetadataDocument Tokenizer { get; }

    /// <summary>Tensors, ordinal by name.</summary>
    public IReadOnlyList<CatalogueEntry> Tensors { get; }

    /// <summary>The model's identity: SHA-256 of the canonical form.</summary>
    public Sha256Digest Digest { get; }

    /// <summary>Bytes of all tensors.</summary>
    public long TensorBytes => Tensors.Sum(tensor => tensor.Descriptor.ByteLength);

    /// <summary>Makes a manifest.</summary>
    /// <exception cref="ModelException"><see cref="ModelError.BadManifest"/>: too many tensors, two of one name, or a name that the canonical form does not take.</exception>
    public static ModelManifest Create(MetadataDocument architecture, MetadataDocument tokenizer, IEnumerable<CatalogueEntry> tensors)
    {
        var sorted = tensors.OrderBy(tensor => tensor.Descriptor.Name, StringComparer.Ordinal).ToArray();
        if (sorted.Length > ManifestLimits.MaxTensors)
        {
            throw new ModelException(ModelError.BadManifest, $"The manifest has {sorted.Length} tensors; the limit is {ManifestLimits.MaxTensors}.");
        }

        var sum = 0L;
        for (var i = 0; i < sorted.Length; i++)
        {
            var name = sorted[i].Descriptor.Name;
            if (name.Any(letter => letter is <= ' ' or > '~'))
            {
                throw new ModelException(ModelError.BadManifest, "The manifest has a tensor whose name has a character other than the printable ones of ASCII.");
            }

            if (i > 0 && sorted[i - 1].Descriptor.Name == name)
            {
                throw new ModelException(ModelError.BadManifest, $"The manifest has two tensors named {name}.");
            }

            sum = sum <= long.MaxValue - sorted[i].Descriptor.ByteLength
                ? sum + sorted[i].Descriptor.ByteLength
                : throw new ModelException(ModelError.BadManifest, "The manifest has tensors of more bytes than 63 bits count.");
        }

        return new ModelManifest(architecture, tokenizer, sorted);
    }

    /// <summary>The text whose UTF-8 bytes are hashed into <see cref="Digest"/>.</summary>
    public string ToCanonicalText() => Write(Architecture, Tokenizer, Tensors).ToString();

    private static Sha256Digest ComputeDigest(MetadataDocument architecture, MetadataDocument tokenizer, IReadOnlyList<CatalogueEntry> tensors)
        => Sha256Digest.Compute(Encoding.ASCII.GetBytes(Write(architecture, tokenizer, tensors).ToString()));

    private static StringBuilder Write(MetadataDocument architecture, MetadataDocument tokenizer, IReadOnlyList<CatalogueEntry> tensors)
    {
        var text = new StringBuilder(256 + (128 * tensors.Count))
            .Append(FirstLine)
            .Append("architecture ").Append(architecture.Sha256).Append('\n')
            .Append("tokenizer ").Append(tokenizer.Sha256).Append('\n');
        foreach (var (descriptor, sha256) in tensors)
        {
            text.Append("tensor ").Append(descriptor.Name).Append(' ').Append(descriptor.Type).Append(' ');
            text.AppendJoin('x', descriptor.Shape.Select(size => size.ToString(CultureInfo.InvariantCulture)));
            text.Append(' ').Append(sha256).Append('\n');
        }

        return text;
    }
}
