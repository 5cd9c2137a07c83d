using Skein.Gguf;

namespace Skein.Models;

/// <summary>A model's metadata in the form that is hashed: keys in ordinal order, encoded as a GGUF version 3 file without tensors.</summary>
/// <remarks>
/// Two documents, because a stage needs no vocabulary: <b>architecture</b> (what changes arithmetic) and <b>tokenizer</b> (vocabulary and chat template, which only the edge needs).
/// What describes the file and not the model (names, authors, licences, quantisation notes, how it was split) is in neither.
/// </remarks>
internal static class CanonicalMetadata
{
    private const string ArchitectureKey = "general.architecture";
    private const string TokenizerPrefix = "tokenizer.";

    private static readonly string[] DescriptivePrefixes = ["general.", "split.", "quantize.", "imatrix."];

    /// <summary>What changes arithmetic.</summary>
    public static GgufMetadata Architecture(GgufMetadata metadata)
        => Sorted(metadata.Where(entry => entry.Key == ArchitectureKey || (!IsTokenizer(entry.Key) && !IsDescriptive(entry.Key))));

    /// <summary>Vocabulary and chat template.</summary>
    public static GgufMetadata Tokenizer(GgufMetadata metadata) => Sorted(metadata.Where(entry => IsTokenizer(entry.Key)));

    /// <summary>What is said about the file: text and numbers, arrays left out.</summary>
    public static IReadOnlyDictionary<string, string> About(GgufMetadata metadata)
    {
        var about = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in metadata)
        {
            if (key == ArchitectureKey || !IsDescriptive(key) || value.IsArray || key.Length > ManifestLimits.MaxAboutKeyLength || about.Count == ManifestLimits.MaxAboutEntries)
            {
                continue;
            }

            var text = value.TryGetString(out var written) ? written : value.ToString();
            if (text.Length <= ManifestLimits.MaxAboutValueLength)
            {
                about[Printable(key)] = Printable(text);
            }
        }

        return about;
    }

    /// <summary>Architecture and tokenizer together, as the edge and a whole model need them.</summary>
    public static GgufMetadata Join(GgufMetadata architecture, GgufMetadata tokenizer) => Sorted(architecture.Concat(tokenizer));

    /// <summary>The bytes that are hashed.</summary>
    /// <exception cref="ModelException"><see cref="ModelError.UnsupportedModel"/>: longer than a piece may be.</exception>
    public static async ValueTask<byte[]> EncodeAsync(GgufMetadata metadata, CancellationToken cancellationToken)
    {
        using var stream = new MemoryStream();
        await GgufWriter.WriteAsync(stream, metadata, [], progress: null, cancellationToken);
        return stream.Length <= PieceLayout.MaxPartBytes
            ? stream.ToArray()
            : throw new ModelException(ModelError.UnsupportedModel, $"The metadata takes {stream.Length} bytes; {PieceLayout.MaxPartBytes} fit a piece.");
    }

    /// <summary>Reads what <see cref="EncodeAsync"/> wrote.</summary>
    /// <param name="bytes">At most <see cref="PieceLayout.MaxPartBytes"/>.</param>
    /// <param name="name">What messages call it.</param>
    /// <param name="cancellationToken">Safe.</param>
    /// <exception cref="GgufException">They are something else.</exception>
    public static async ValueTask<GgufMetadata> FromBytesAsync(ReadOnlyMemory<byte> bytes, string name, CancellationToken cancellationToken)
    {
        var source = new MemoryRangeSource(bytes, name);
        await using (source)
        {
            return (await GgufReader.ReadAsync(source, limits: null, cancellationToken)).Metadata;
        }
    }

    /// <summary>Without what would steer a terminal: these texts are shown.</summary>
    private static string Printable(string text) => string.Create(text.Length, text, (letters, source) =>
    {
        for (var i = 0; i < letters.Length; i++)
        {
            letters[i] = char.IsControl(source[i]) ? ' ' : source[i];
        }
    });

    private static bool IsTokenizer(string key) => key.StartsWith(TokenizerPrefix, StringComparison.Ordinal);

    private static bool IsDescriptive(string key) => DescriptivePrefixes.Any(prefix => key.StartsWith(prefix, StringComparison.Ordinal));

    private static GgufMetadata Sorted(IEnumerable<KeyValuePair<string, GgufValue>> entries) => new(entries.OrderBy(entry => entry.Key, StringComparer.Ordinal));
}
