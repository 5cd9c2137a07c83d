using System.Text.Json;
using Skein.Core.Identity;
using Skein.Gguf;

namespace Skein.Models;

/// <summary>Writes and reads <c>manifest.json</c>: docs/protocol/manifest.md.</summary>
/// <remarks>The reader takes bytes from anybody: it checks sizes before it takes memory, and that what it read is consistent and has the digest that it claims.</remarks>
public static class ManifestJson
{
    private const string Format = "skein-model-1";

    // Windows and Unix write the same bytes.
    private static readonly JsonWriterOptions WriterOptions = new() { Indented = true, NewLine = "\n" };

    // Deepest: root, pieces, piece, tensors, tensor, shape.
    private static readonly JsonDocumentOptions ReaderOptions = new() { MaxDepth = 8, AllowDuplicateProperties = false };

    /// <summary>Writes a manifest. The same manifest gives the same bytes.</summary>
    public static byte[] Write(StoredManifest stored)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, WriterOptions))
        {
            json.WriteStartObject();
            json.WriteString("format", Format);
            json.WriteString("digest", stored.Manifest.Digest.ToString());
            json.WriteStartObject("about");
            foreach (var (key, value) in stored.About.OrderBy(entry => entry.Key, StringComparer.Ordinal))
            {
                json.WriteString(key, value);
            }

            json.WriteEndObject();
            WriteFile(json, "architecture", stored.Manifest.Architecture.Sha256, stored.Manifest.Architecture.Length);
            WriteFile(json, "tokenizer", stored.Manifest.Tokenizer.Sha256, stored.Manifest.Tokenizer.Length);
            json.WriteStartArray("pieces");
            foreach (var piece in stored.Pieces)
            {
                WritePiece(json, piece);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        stream.WriteByte((byte)'\n');
        return stream.ToArray();
    }

    /// <summary>Reads a manifest.</summary>
    /// <param name="utf8">The file. Borrowed for the call.</param>
    /// <exception cref="ModelException"><see cref="ModelError.BadManifest"/>: anything is wrong with it. Nothing else is thrown for its content.</exception>
    public static StoredManifest Read(ReadOnlyMemory<byte> utf8)
    {
        if (utf8.Length > ManifestLimits.MaxJsonBytes)
        {
            throw Bad($"it has {utf8.Length} bytes; the limit is {ManifestLimits.MaxJsonBytes}");
        }

        try
        {
            using var document = JsonDocument.Parse(utf8, ReaderOptions);
            return Read(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or GgufException)
        {
            // InvalidOperationException: a string that is not UTF-8.
            throw new ModelException(ModelError.BadManifest, $"The manifest cannot be read: {e.Message}", e);
        }
    }

    private static StoredManifest Read(JsonElement root)
    {
        if (Text(root, "format") != Format)
        {
            throw Bad($"its format is not {Format}; it may be newer than this program");
        }

        var pieces = new List<ModelPiece>();
        foreach (var element in Items(root, "pieces", ManifestLimits.MaxPieces))
        {
            pieces.Add(ReadPiece(element));
        }

        Require(pieces.Zip(pieces.Skip(1)).All(pair => pair.First.Key < pair.Second.Key), "its pieces are out of order, or one is there twice");
        Require(pieces.Sum(piece => (long)piece.Parts.Count) <= ManifestLimits.MaxParts, $"it has more than {ManifestLimits.MaxParts} parts");
        Require(pieces.Sum(piece => (long)piece.Tensors.Count) <= ManifestLimits.MaxTensors, $"it has more than {ManifestLimits.MaxTensors} tensors");

        var (architectureHash, architectureLength) = ReadFile(Property(root, "architecture", JsonValueKind.Object));
        var (tokenizerHash, tokenizerLength) = ReadFile(Property(root, "tokenizer", JsonValueKind.Object));
        var manifest = ModelManifest.Create(
            new MetadataDocument(architectureHash, architectureLength),
            new MetadataDocument(tokenizerHash, tokenizerLength),
            pieces.SelectMany(piece => piece.Tensors));
        Require(Hash(root, "digest") == manifest.Digest, "its digest is not that of its content");
        return new StoredManifest(manifest, pieces, ReadAbout(Property(root, "about", JsonValueKind.Object)));
    }

    private static SortedDictionary<string, string> ReadAbout(JsonElement element)
    {
        var about = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var property in element.EnumerateObject())
        {
            Require(about.Count < ManifestLimits.MaxAboutEntries, $"it has more than {ManifestLimits.MaxAboutEntries} entries in about");
            var value = property.Value.ValueKind == JsonValueKind.String ? property.Value.GetString()! : throw Bad("an entry in about is no text");
            Require(property.Name.Length <= ManifestLimits.MaxAboutKeyLength && value.Length <= ManifestLimits.MaxAboutValueLength, "an entry in about is too long");
            Require(!property.Name.Any(char.IsControl) && !value.Any(char.IsControl), "an entry in about has control characters");
            about.Add(property.Name, value);
        }

        return about;
    }

    private static ModelPiece ReadPiece(JsonElement element)
    {
        var key = ReadKey(element);
        var tensors = new List<CatalogueEntry>();
        foreach (var item in Items(element, "tensors", ManifestLimits.MaxTensors))
        {
            var tensor = ReadTensor(item);
            Require(PieceKey.Of(tensor.Descriptor.Name) == key, $"tensor {Shown(tensor.Descriptor.Name)} does not belong to {key}");
            Require(tensors.Count == 0 || string.CompareOrdinal(tensors[^1].Descriptor.Name, tensor.Descriptor.Name) < 0, $"the tensors of {key} are out of order");
            tensors.Add(tensor);
        }

        var parts = new List<PiecePart>();
        foreach (var item in Items(element, "parts", ManifestLimits.MaxParts))
        {
            var (sha256, length) = ReadFile(item);
            Require(parts.Count == 0 || parts[^1].Length == PieceLayout.MaxPartBytes, $"a part of {key} other than the last is shorter than {PieceLayout.MaxPartBytes} bytes");
            parts.Add(new PiecePart(sha256, length));
        }

        var bytes = 0L;
        foreach (var tensor in tensors)
        {
            Require(tensor.Descriptor.ByteLength <= long.MaxValue - bytes, $"the tensors of {key} have more bytes than 63 bits count");
            bytes += tensor.Descriptor.ByteLength;
        }

        Require(tensors.Count > 0, $"{key} has no tensors");
        Require(bytes == parts.Sum(part => part.Length), $"the tensors of {key} take {bytes} bytes, its parts have {parts.Sum(part => part.Length)}");
        return new ModelPiece(key, tensors, parts);
    }

    private static PieceKey ReadKey(JsonElement element)
    {
        var name = Text(element, "piece");
        foreach (var kind in Enum.GetValues<PieceKind>())
        {
            if (name == NameOf(kind))
            {
                return new PieceKey(kind, kind == PieceKind.Block ? (int)Number(element, "block", ModelShape.MaxBlocks - 1) : 0);
            }
        }

        throw Bad($"it has a piece of the unknown kind {Shown(name)}");
    }

    private static CatalogueEntry ReadTensor(JsonElement element)
    {
        var typeName = Text(element, "type");
        var type = Enum.TryParse<GgmlType>(typeName, ignoreCase: false, out var parsed) && parsed.ToString() == typeName
            ? parsed
            : throw Bad($"it has a tensor of the unknown type {Shown(typeName)}");
        Span<long> sizes = stackalloc long[TensorShape.MaxDimensions];
        var dimensions = 0;
        foreach (var size in Items(element, "shape", TensorShape.MaxDimensions))
        {
            sizes[dimensions++] = size.ValueKind == JsonValueKind.Number && size.TryGetInt64(out var value) ? value : throw Bad("a tensor's shape has something other than integers");
        }

        return new CatalogueEntry(new TensorDescriptor(Text(element, "name"), type, TensorShape.Create(sizes[..dimensions])), Hash(element, "sha256"));
    }

    private static (Sha256Digest Sha256, long Length) ReadFile(JsonElement element)
    {
        var length = Number(element, "bytes", PieceLayout.MaxPartBytes);
        Require(length > 0, "a file of it is empty");
        return (Hash(element, "sha256"), length);
    }

    private static JsonElement Property(JsonElement element, string name, JsonValueKind kind)
        => element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == kind
            ? value
            : throw Bad($"it lacks {name}, or that is no {kind.ToString().ToLowerInvariant()}");

    private static JsonElement.ArrayEnumerator Items(JsonElement element, string name, int most)
    {
        var array = Property(element, name, JsonValueKind.Array);
        Require(array.GetArrayLength() <= most, $"it has more than {most} {name}");
        return array.EnumerateArray();
    }

    private static string Text(JsonElement element, string name) => Property(element, name, JsonValueKind.String).GetString()!;

    private static long Number(JsonElement element, string name, long most)
        => Property(element, name, JsonValueKind.Number).TryGetInt64(out var value) && value >= 0 && value <= most ? value : throw Bad($"{name} is no integer of 0 to {most}");

    private static Sha256Digest Hash(JsonElement element, string name)
    {
        // One spelling only: the same manifest has the same text everywhere.
        var text = Text(element, name);
        return Sha256Digest.TryParse(text, out var digest) && digest.ToString() == text ? digest : throw Bad($"{name} is no SHA-256 in lower-case hexadecimal");
    }

    private static void WritePiece(Utf8JsonWriter json, ModelPiece piece)
    {
        json.WriteStartObject();
        json.WriteString("piece", NameOf(piece.Key.Kind));
        if (piece.Key.Kind == PieceKind.Block)
        {
            json.WriteNumber("block", piece.Key.Block);
        }

        json.WriteStartArray("parts");
        foreach (var part in piece.Parts)
        {
            WriteFile(json, null, part.Sha256, part.Length);
        }

        json.WriteEndArray();
        json.WriteStartArray("tensors");
        foreach (var (descriptor, sha256) in piece.Tensors)
        {
            json.WriteStartObject();
            json.WriteString("name", descriptor.Name);
            json.WriteString("type", descriptor.Type.ToString());
            json.WriteStartArray("shape");
            foreach (var size in descriptor.Shape)
            {
                json.WriteNumberValue(size);
            }

            json.WriteEndArray();
            json.WriteString("sha256", sha256.ToString());
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteFile(Utf8JsonWriter json, string? property, Sha256Digest sha256, long length)
    {
        if (property is null)
        {
            json.WriteStartObject();
        }
        else
        {
            json.WriteStartObject(property);
        }

        json.WriteString("sha256", sha256.ToString());
        json.WriteNumber("bytes", length);
        json.WriteEndObject();
    }

    private static string NameOf(PieceKind kind) => kind switch
    {
        PieceKind.Shared => "shared",
        PieceKind.Embedding => "embedding",
        PieceKind.Output => "output",
        _ => "block",
    };

    private static string Shown(string text) => JsonEncodedText.Encode(text.Length > 64 ? text[..64] : text).ToString();

    private static void Require(bool condition, string otherwise)
    {
        if (!condition)
        {
            throw Bad(otherwise);
        }
    }

    private static ModelException Bad(string what) => new(ModelError.BadManifest, $"The manifest is malformed: {what}.");
}
