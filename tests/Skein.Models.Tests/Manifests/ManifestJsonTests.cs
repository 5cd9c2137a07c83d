using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using Skein.Core.Identity;
using Skein.Gguf;

namespace Skein.Models.Tests.Manifests;

public sealed class ManifestJsonTests
{
    private static readonly Sha256Digest Hash = Sha256Digest.Compute("x"u8);

    [Fact]
    public void Read_OfWhatWasWritten_GivesTheSame()
    {
        var stored = Sample();
        var bytes = ManifestJson.Write(stored);

        var read = ManifestJson.Read(bytes);

        Assert.Equal(stored.Manifest.Digest, read.Manifest.Digest);
        Assert.Equal(stored.About, read.About);
        Assert.Equal(stored.Pieces.Select(piece => piece.Key), read.Pieces.Select(piece => piece.Key));
        Assert.Equal(stored.Pieces.SelectMany(piece => piece.Parts), read.Pieces.SelectMany(piece => piece.Parts));
        Assert.Equal(bytes, ManifestJson.Write(read));
    }

    /// <summary>Frozen: digests of models are everywhere. If this fails, the format has a new version; do not edit the values.</summary>
    [Fact]
    public void CanonicalText_OfASample_IsFrozen()
    {
        Assert.Equal(
            $"""
            skein-model-1
            architecture {Hash}
            tokenizer {Hash}
            tensor blk.0.attn_q.weight Q4_0 32x2 {Hash}
            tensor output_norm.weight F32 4 {Hash}
            tensor token_embd.weight F16 4x8 {Hash}

            """.ReplaceLineEndings("\n"),
            Sample().Manifest.ToCanonicalText());
        Assert.Equal("0928383df516c247f2e1fee71caddf65cf29942a87274d8dd336b0e0e96f6858", Sample().Manifest.Digest.ToString());
    }

    [Fact]
    public async Task Digest_OfSmolLm2_IsFrozen()
    {
        using var folder = new TemporaryFolder();
        var handle = await new ModelResolver(SkeinHome.In(folder.Path), TimeProvider.System).ResolveAsync(SharedData.SmolLm2, CancellationToken.None);

        Assert.Equal("928b11d2fb31cdc694a86f0aea5c2abfca32e0cbe79b838cfc4a986cea68974d", handle.Digest.ToString());
    }

    [Fact]
    public void Digest_OfAnythingElse_Differs()
    {
        var sample = Sample().Manifest;
        var document = new MetadataDocument(Sha256Digest.Compute("y"u8), 1);
        var tensors = sample.Tensors.ToArray();
        var others = new List<ModelManifest>
        {
            ModelManifest.Create(document, sample.Tokenizer, tensors),
            ModelManifest.Create(sample.Architecture, document, tensors),
            ModelManifest.Create(sample.Architecture, sample.Tokenizer, tensors[1..]),
        };
        foreach (var other in new[]
        {
            new CatalogueEntry(new TensorDescriptor("blk.0.attn_k.weight", GgmlType.Q4_0, [32, 2]), Hash),
            new CatalogueEntry(new TensorDescriptor("blk.0.attn_q.weight", GgmlType.Q8_0, [32, 2]), Hash),
            new CatalogueEntry(new TensorDescriptor("blk.0.attn_q.weight", GgmlType.Q4_0, [64, 1]), Hash),
            new CatalogueEntry(new TensorDescriptor("blk.0.attn_q.weight", GgmlType.Q4_0, [32, 2]), document.Sha256),
        })
        {
            others.Add(ModelManifest.Create(sample.Architecture, sample.Tokenizer, tensors[1..].Append(other)));
        }

        var digests = others.Select(manifest => manifest.Digest).Append(sample.Digest).ToArray();
        Assert.Equal(digests.Length, digests.Distinct().Count());
    }

    public static TheoryData<string, string> Hostile => new()
    {
        { "no object", "[]" },
        { "no JSON", "{" },
        { "nothing", "" },
        { "no UTF-8", "{\"format\":\"\udc00\"}" },
        { "another format", Edit(root => root["format"] = "skein-model-2") },
        { "a property twice", Text().Replace("\"digest\"", "\"format\": \"skein-model-1\", \"digest\"", StringComparison.Ordinal) },
        { "a digest of something else", Edit(root => root["digest"] = Hash.ToString()) },
        { "an upper-case digest", Edit(root => root["digest"] = ((string)root["digest"]!).ToUpperInvariant()) },
        { "no pieces", Edit(root => root.Remove("pieces")) },
        { "pieces that are no array", Edit(root => root["pieces"] = 3) },
        { "pieces out of order", Edit(root => { var pieces = root["pieces"]!.AsArray(); var first = pieces[0]!.DeepClone(); pieces.RemoveAt(0); pieces.Add(first); }) },
        { "a piece twice", Edit(root => root["pieces"]!.AsArray().Insert(0, root["pieces"]![0]!.DeepClone())) },
        { "a piece of an unknown kind", Edit(root => root["pieces"]![0]!["piece"] = "sideways") },
        { "a block beyond all models", Edit(root => Block(root)["block"] = 512) },
        { "a block below 0", Edit(root => Block(root)["block"] = -1) },
        { "a block that is no integer", Edit(root => Block(root)["block"] = 0.5) },
        { "a tensor of another block", Edit(root => Block(root)["block"] = 1) },
        { "no tensors", Edit(root => Block(root)["tensors"] = new JsonArray()) },
        { "no parts", Edit(root => Block(root)["parts"] = new JsonArray()) },
        { "an empty part", Edit(root => Block(root)["parts"]![0]!["bytes"] = 0) },
        { "a part beyond the limit", Edit(root => Block(root)["parts"]![0]!["bytes"] = PieceLayout.MaxPartBytes + 1) },
        { "a part of 2^70 bytes", Text().Replace("\"bytes\": 36", "\"bytes\": 1180591620717411303424", StringComparison.Ordinal) },
        { "parts that do not fit the tensors", Edit(root => Block(root)["parts"]![0]!["bytes"] = 35) },
        { "a tensor of an unknown type", Edit(root => Tensor(root)["type"] = "Q9_9") },
        { "a tensor type by number", Edit(root => Tensor(root)["type"] = "2") },
        { "a tensor name with a space", Edit(root => Tensor(root)["name"] = "blk.0.a b") },
        { "a tensor name with a line feed", Edit(root => Tensor(root)["name"] = "blk.0.a\nb") },
        { "a tensor name of 64 bytes", Edit(root => Tensor(root)["name"] = "blk.0." + new string('a', 58)) },
        { "a shape of five", Edit(root => Tensor(root)["shape"] = new JsonArray(32, 2, 1, 1, 1)) },
        { "a shape of nothing", Edit(root => Tensor(root)["shape"] = new JsonArray(0, 2)) },
        { "a shape of half blocks", Edit(root => Tensor(root)["shape"] = new JsonArray(33, 2)) },
        { "a shape that overflows", Edit(root => Tensor(root)["shape"] = new JsonArray(1L << 40, 1L << 40)) },
        { "a shape of text", Edit(root => Tensor(root)["shape"] = new JsonArray("32", "2")) },
        { "a hash that is too short", Edit(root => Tensor(root)["sha256"] = "ab") },
        { "about that is too long", Edit(root => root["about"]!["general.name"] = new string('a', 2000)) },
        { "about with too many entries", Edit(root => Enumerable.Range(0, 100).ToList().ForEach(i => root["about"]![$"k{i}"] = "v")) },
        { "about that steers a terminal", Edit(root => root["about"]!["general.name"] = "\u001b[2J") },
        { "about that is no text", Edit(root => root["about"]!["general.name"] = 3) },
        { "deep nesting", string.Concat(Enumerable.Repeat("{\"a\":", 100_000)) },
    };

    [Theory]
    [MemberData(nameof(Hostile))]
    public void Read_OfAHostileManifest_IsOneClearError(string what, string json)
    {
        var error = Assert.Throws<ModelException>(() => ManifestJson.Read(Encoding.UTF8.GetBytes(json)));

        Assert.True(error.Error == ModelError.BadManifest, what);
        Assert.StartsWith("The manifest ", error.Message, StringComparison.Ordinal);
        Assert.True(error.Message.Length < 500, error.Message);
    }

    [Fact]
    public void Read_OfMoreThanTheLimit_IsRefusedUnread()
        => Assert.Contains("limit", Assert.Throws<ModelException>(() => ManifestJson.Read(new byte[ManifestLimits.MaxJsonBytes + 1])).Message, StringComparison.Ordinal);

    [Fact]
    public void Read_OfAnyDamage_ThrowsNothingElse()
    {
        var bytes = ManifestJson.Write(Sample());
        Gen.Select(Gen.Int[0, bytes.Length - 1], Gen.Byte, Gen.Int[0, bytes.Length]).Sample((at, value, length) =>
        {
            var damaged = bytes.ToArray();
            damaged[at] = value;
            try
            {
                _ = ManifestJson.Read(damaged.AsMemory(0, length));
            }
            catch (ModelException e)
            {
                Assert.Equal(ModelError.BadManifest, e.Error);
            }
        });
    }

    [Theory]
    [InlineData("blk.0.attn_q.weight", "block 0")]
    [InlineData("blk.117.ffn_down_exps.weight", "block 117")]
    [InlineData("token_embd.weight", "embedding")]
    [InlineData("output.weight", "output")]
    [InlineData("output_norm.weight", "shared")]
    [InlineData("rope_freqs.weight", "shared")]
    [InlineData("blk.x.weight", "shared")]
    public void PieceKey_OfATensor_IsItsPiece(string tensor, string piece) => Assert.Equal(piece, PieceKey.Of(tensor).ToString());

    private static StoredManifest Sample()
    {
        CatalogueEntry[] tensors =
        [
            new(new TensorDescriptor("token_embd.weight", GgmlType.F16, [4, 8]), Hash),
            new(new TensorDescriptor("output_norm.weight", GgmlType.F32, [4]), Hash),
            new(new TensorDescriptor("blk.0.attn_q.weight", GgmlType.Q4_0, [32, 2]), Hash),
        ];
        var document = new MetadataDocument(Hash, 100);
        var pieces = tensors.Select(tensor => new ModelPiece(PieceKey.Of(tensor.Descriptor.Name), [tensor], [new PiecePart(Hash, tensor.Descriptor.ByteLength)]));
        return new StoredManifest(ModelManifest.Create(document, document, tensors), [.. pieces], new Dictionary<string, string> { ["general.name"] = "Sample" });
    }

    private static string Text() => Encoding.UTF8.GetString(ManifestJson.Write(Sample()));

    private static string Edit(Action<JsonObject> edit)
    {
        var root = JsonNode.Parse(Text())!.AsObject();
        edit(root);
        return root.ToJsonString();
    }

    private static JsonObject Block(JsonObject root) => root["pieces"]![2]!.AsObject();

    private static JsonObject Tensor(JsonObject root) => Block(root)["tensors"]![0]!.AsObject();
}
