using Skein.Core.Identity;

namespace Skein.Gguf.Tests.Slicing;

public sealed class GgufSlicerTests
{
    public static TheoryData<string> Families => [.. SharedData.TinyFamilies];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Families))]
    public async Task WriteSpanAsync_EveryBlock_KeepsItsBytes(string path)
    {
        await using var source = FileRangeSource.Open(path);
        var whole = await GgufReader.ReadAsync(source, null, Token);
        var wholeHashes = await HashesAsync(whole, source);
        var blocks = whole.Metadata.GetCount($"{whole.Metadata.Architecture}.block_count");
        var seen = 0;
        foreach (var span in BlockSpan.Cut(blocks, [2, 3]))
        {
            using var bytes = new MemoryStream();
            await GgufSlicer.WriteSpanAsync(whole, source, span, SliceRules.None, bytes, null, Token);
            await using var stageSource = new MemoryRangeSource(bytes.ToArray());
            var stage = await GgufReader.ReadAsync(stageSource, null, Token);

            Assert.Equal(span.Count, stage.Metadata.GetCount($"{stage.Metadata.Architecture}.block_count"));
            foreach (var (name, hash) in await HashesAsync(stage, stageSource))
            {
                if (BlockTensorName.TryParse(name, out var parsed))
                {
                    Assert.Equal(wholeHashes[(parsed with { Block = parsed.Block + span.First }).ToString()], hash);
                    seen++;
                }
                else if (name != "token_embd.weight")
                {
                    Assert.Equal(wholeHashes[name], hash);
                }
            }

            var zeros = new byte[stage.GetTensor("token_embd.weight").ByteLength];
            await stageSource.ReadAsync(stage.GetTensor("token_embd.weight").Offset, zeros, Token);
            Assert.Equal(-1, zeros.AsSpan().IndexOfAnyExcept((byte)0));
        }

        Assert.Equal(wholeHashes.Keys.Count(name => BlockTensorName.TryParse(name, out _)), seen);
    }

    [Fact]
    public async Task WriteEdgeAsync_SmolLm2_IsEmbeddingVocabularyAndOneEmptyBlock()
    {
        await using var source = FileRangeSource.Open(SharedData.SmolLm2);
        var whole = await GgufReader.ReadAsync(source, null, Token);
        using var bytes = new MemoryStream();
        var reported = new Reports();
        await GgufSlicer.WriteEdgeAsync(whole, source, SliceRules.None, bytes, reported, Token);
        await using var edgeSource = new MemoryRangeSource(bytes.ToArray());
        var edge = await GgufReader.ReadAsync(edgeSource, null, Token);
        var hashes = await HashesAsync(edge, edgeSource);

        Assert.Equal(StageLayout.ForEdge(whole.Metadata, whole.Tensors.Select(tensor => tensor.Descriptor), SliceRules.None).ComputeFileLength(), bytes.Length);
        Assert.Equal(bytes.Length, reported.Last);
        Assert.Equal(whole.Metadata["tokenizer.chat_template"], edge.Metadata["tokenizer.chat_template"]);
        Assert.Equal((await HashesAsync(whole, source))["token_embd.weight"], hashes["token_embd.weight"]);
        Assert.Equal(Sha256Digest.Compute(new byte[edge.GetTensor("blk.0.ffn_down.weight").ByteLength]), hashes["blk.0.ffn_down.weight"]);
        Assert.DoesNotContain(edge.Tensors, tensor => tensor.Name.StartsWith("blk.1.", StringComparison.Ordinal));
    }

    private static async Task<Dictionary<string, Sha256Digest>> HashesAsync(GgufFile file, IRangeSource source)
        => (await TensorCatalogue.ComputeAsync(file, source, null, Token)).Entries.ToDictionary(entry => entry.Descriptor.Name, entry => entry.Sha256, StringComparer.Ordinal);
}
