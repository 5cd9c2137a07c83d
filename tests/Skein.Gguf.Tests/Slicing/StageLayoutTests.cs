using Skein.Core.Identity;

namespace Skein.Gguf.Tests.Slicing;

public sealed class StageLayoutTests
{
    private static readonly GgufMetadata Metadata = new(
    [
        new("general.architecture", GgufValue.String("toy")),
        new("general.file_type", GgufValue.UInt32(3)),
        new("general.tags", GgufValue.Array<string>("a", "b", "c", "d")),
        new("toy.block_count", GgufValue.UInt32(4)),
        new("toy.embedding_length", GgufValue.UInt32(64)),
        new("toy.attention.head_count_kv", GgufValue.Array<uint>(1, 2, 3, 4)),
        new("toy.feed_forward_length", GgufValue.Array<int>(10, 20, 30, 40)),
        new("toy.rope.dimension_sections", GgufValue.Array<int>(1, 1, 2, 0)),
        new("toy.three", GgufValue.Array<uint>(1, 2, 3)),
        new("xielu.eps", GgufValue.Array<float>(0.1f, 0.2f, 0.3f, 0.4f)),
        new("tokenizer.ggml.model", GgufValue.String("gpt2")),
        new("tokenizer.ggml.tokens", GgufValue.Array<string>("w", "x", "y", "z")),
        new("split.count", GgufValue.UInt16(2)),
    ]);

    private static readonly TensorDescriptor[] Tensors =
    [
        new("token_embd.weight", GgmlType.Q8_0, [64, 1000]),
        new("output.weight", GgmlType.Q6_K, [256, 1000]),
        new("output.bias", GgmlType.F32, [1000]),
        new("output_norm.weight", GgmlType.F32, [64]),
        new("rope_freqs.weight", GgmlType.F32, [8]),
        .. Enumerable.Range(0, 4).SelectMany(Block),
    ];

    [Fact]
    public void ForSpan_Metadata_IsTheSpans()
    {
        var stage = StageLayout.ForSpan(Metadata, Tensors, new BlockSpan(1, 3), SliceRules.None).Metadata;

        Assert.Equal(2u, stage.GetUInt32("toy.block_count"));
        Assert.Equal(GgufValue.UInt32(32), stage["toy.vocab_size"]);
        Assert.Equal("no_vocab", stage.GetString("tokenizer.ggml.model"));
        Assert.False(stage.Contains("tokenizer.ggml.tokens"));
        Assert.False(stage.Contains("split.count"));
        Assert.Equal(GgufValue.Array<uint>(2, 3), stage["toy.attention.head_count_kv"]);
        Assert.Equal(GgufValue.Array<int>(20, 30), stage["toy.feed_forward_length"]);
        Assert.Equal(GgufValue.Array<float>(0.2f, 0.3f), stage["xielu.eps"]);
        foreach (var untouched in (string[])["general.architecture", "general.file_type", "general.tags", "toy.embedding_length", "toy.rope.dimension_sections", "toy.three"])
        {
            Assert.Equal(Metadata[untouched], stage[untouched]);
        }
    }

    [Fact]
    public void ForSpan_Tensors_AreRenamedAndTheEdgesStandIn()
    {
        var stage = StageLayout.ForSpan(Metadata, Tensors, new BlockSpan(1, 3), SliceRules.None);

        Assert.Equal(new StageTensor(new TensorDescriptor("token_embd.weight", GgmlType.F32, [64, 32]), null), stage.Tensors[0]);
        Assert.Equal(
            ["token_embd.weight", "output_norm.weight", "rope_freqs.weight", .. Block(0).Concat(Block(1)).Select(tensor => tensor.Name)],
            stage.Tensors.Select(tensor => tensor.Target.Name));
        Assert.All(stage.Tensors.Skip(1), tensor =>
        {
            var source = Assert.Single(Tensors, source => source.Name == tensor.SourceName);
            Assert.Equal(source.Rename(tensor.Target.Name), tensor.Target);
        });
        Assert.Contains(stage.Tensors, tensor => tensor is { Target.Name: "blk.0.attn_q.weight", SourceName: "blk.1.attn_q.weight" });
        Assert.Contains(stage.Tensors, tensor => tensor is { Target.Name: "blk.1.attn_q.weight", SourceName: "blk.2.attn_q.weight" });
    }

    [Fact]
    public void ForSpan_Rules_AreApplied()
    {
        var rules = new SliceRules
        {
            NeedsOutputTensor = true,
            Metadata = [new("toy.embedding_scale", GgufValue.Float32(1)), new("toy.vocab_size", GgufValue.UInt32(7))],
        };
        var stage = StageLayout.ForSpan(Metadata, Tensors, new BlockSpan(0, 4), rules);

        Assert.Equal(1f, stage.Metadata.GetSingle("toy.embedding_scale"));
        Assert.Equal(7u, stage.Metadata.GetUInt32("toy.vocab_size"));
        Assert.Contains(new StageTensor(new TensorDescriptor("output.weight", GgmlType.F32, [64, 32]), null), stage.Tensors);
    }

    [Fact]
    public void ForSpan_EveryCut_CoversEveryBlockTensorOnce()
    {
        for (var first = 1; first < 4; first++)
        {
            var sources = BlockSpan.Cut(4, [first]).SelectMany(span => StageLayout.ForSpan(Metadata, Tensors, span, SliceRules.None).Tensors)
                .Select(tensor => tensor.SourceName)
                .Where(name => name is not null && name.StartsWith("blk.", StringComparison.Ordinal));
            Assert.Equal(Tensors.Select(tensor => tensor.Name).Where(name => name.StartsWith("blk.", StringComparison.Ordinal)), sources);
        }
    }

    [Theory]
    [InlineData(-1, 2)]
    [InlineData(0, 5)]
    [InlineData(2, 2)]
    [InlineData(3, 1)]
    public void ForSpan_OutsideTheModel_IsRefused(int first, int end)
        => Assert.Equal(GgufError.BadSpan, Assert.Throws<GgufException>(() => StageLayout.ForSpan(Metadata, Tensors, new BlockSpan(first, end), SliceRules.None)).Error);

    [Fact]
    public void ForSpan_BlockWithoutTensors_IsRefused()
    {
        var exception = Assert.Throws<GgufException>(() => StageLayout.ForSpan(Metadata, Tensors.Where(tensor => !tensor.Name.StartsWith("blk.2.", StringComparison.Ordinal)), new BlockSpan(1, 3), SliceRules.None));
        Assert.Equal(GgufError.MissingTensor, exception.Error);
        Assert.Contains("block 2", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ForSpan_MetadataWithoutBlocks_SaysWhichKey()
    {
        var exception = Assert.Throws<GgufException>(() => StageLayout.ForSpan(Metadata.Without("toy.block_count"), Tensors, new BlockSpan(0, 1), SliceRules.None));
        Assert.Equal(GgufError.MissingKey, exception.Error);
        Assert.Contains("toy.block_count", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ForEdge_Metadata_KeepsTheVocabulary()
    {
        var edge = StageLayout.ForEdge(Metadata, Tensors, SliceRules.None).Metadata;

        Assert.Equal(1u, edge.GetUInt32("toy.block_count"));
        Assert.Equal(GgufValue.Array<uint>(1u), edge["toy.attention.head_count_kv"]);
        Assert.Equal(Metadata["tokenizer.ggml.tokens"], edge["tokenizer.ggml.tokens"]);
        Assert.False(edge.Contains("toy.vocab_size"));
    }

    [Fact]
    public void ForEdge_Block_KeepsNormsAndNothingElse()
    {
        var edge = StageLayout.ForEdge(Metadata, Tensors, SliceRules.None);

        Assert.Equal([.. Tensors.Take(5).Select(tensor => tensor.Name), .. Block(0).Select(tensor => tensor.Name)], edge.Tensors.Select(tensor => tensor.Target.Name));
        Assert.Equal(
            ["blk.0.attn_norm.weight", "blk.0.attn_q_norm.weight"],
            edge.Tensors.Where(tensor => tensor.SourceName is not null && tensor.SourceName.StartsWith("blk.", StringComparison.Ordinal)).Select(tensor => tensor.SourceName));
        Assert.All(edge.Tensors.Take(5), tensor => Assert.Equal(tensor.Target.Name, tensor.SourceName));
    }

    [Fact]
    public void ForEdge_ZeroMatricesOfFloats_Shrink()
    {
        var edge = StageLayout.ForEdge(Metadata, Tensors, SliceRules.None);

        Assert.Equal(GgmlType.Q4_0, Target("blk.0.attn_q.weight").Type);
        Assert.Equal(GgmlType.F32, Target("blk.0.attn_q.bias").Type);
        Assert.Equal(GgmlType.F16, Target("blk.0.ffn_up.weight").Type);
        Assert.Equal(GgmlType.Q4_1, Target("blk.0.ffn_down.weight").Type);
        return;

        TensorDescriptor Target(string name) => edge.Tensors.Single(tensor => tensor.Target.Name == name).Target;
    }

    [Fact]
    public void ForEdge_PlainBlock_IsOneHeadAndThirtyTwoWide()
    {
        var edge = StageLayout.ForEdge(Plain, PlainBlock, SliceRules.None);

        Assert.Equal(1u, edge.Metadata.GetUInt32("toy.attention.head_count"));
        Assert.Equal(1u, edge.Metadata.GetUInt32("toy.attention.head_count_kv"));
        Assert.Equal(32u, edge.Metadata.GetUInt32("toy.attention.key_length"));
        Assert.Equal(32u, edge.Metadata.GetUInt32("toy.attention.value_length"));
        Assert.Equal(32u, edge.Metadata.GetUInt32("toy.feed_forward_length"));
        Assert.Equal(
            ["[128, 32]", "[32]", "[128, 32]", "[128, 32]", "[32, 128]", "[128, 32]", "[128, 32]", "[32, 128]"],
            edge.Tensors.Where(tensor => tensor.SourceName is null).Select(tensor => $"[{string.Join(", ", tensor.Target.Shape)}]"));
        Assert.All(edge.Tensors.Where(tensor => tensor.SourceName is null && tensor.Target.Shape.Count == 2), tensor => Assert.Equal(GgmlType.Q4_0, tensor.Target.Type));
    }

    [Theory]
    [InlineData("blk.0.ffn_gate_inp.weight", 32u, 512u)]
    [InlineData("blk.0.attn_sinks.weight", 4u, 32u)]
    [InlineData("blk.0.attn_qkv.weight", 4u, 32u)]
    public void ForEdge_BlockWithAPartThatIsNotPlain_StaysWideThere(string name, uint heads, uint length)
    {
        var edge = StageLayout.ForEdge(Plain, [.. PlainBlock, new TensorDescriptor(name, GgmlType.F32, [128, 128])], SliceRules.None);

        Assert.Equal(name.Contains("ffn", StringComparison.Ordinal) ? 1u : heads, edge.Metadata.GetUInt32("toy.attention.head_count"));
        Assert.Equal(length, edge.Metadata.GetUInt32("toy.feed_forward_length"));
    }

    [Fact]
    public void ForEdge_NormOverAllHeads_KeepsThem()
    {
        var tensors = PlainBlock.Select(tensor => tensor.Name == "blk.0.attn_q_norm.weight" ? new TensorDescriptor(tensor.Name, tensor.Type, [128]) : tensor);

        Assert.Equal(4u, StageLayout.ForEdge(Plain, tensors, SliceRules.None).Metadata.GetUInt32("toy.attention.head_count"));
    }

    [Fact]
    public void ForEdge_WithoutEmbedding_IsRefused()
        => Assert.Equal(GgufError.MissingTensor, Assert.Throws<GgufException>(() => StageLayout.ForEdge(Metadata, Tensors.Skip(1), SliceRules.None)).Error);

    private static GgufMetadata Plain => GgufMetadata.Empty
        .With("general.architecture", GgufValue.String("toy"))
        .With("toy.block_count", GgufValue.UInt32(2))
        .With("toy.embedding_length", GgufValue.UInt32(128))
        .With("toy.feed_forward_length", GgufValue.UInt32(512))
        .With("toy.attention.head_count", GgufValue.UInt32(4))
        .With("toy.attention.head_count_kv", GgufValue.UInt32(2));

    private static IEnumerable<TensorDescriptor> PlainBlock =>
    [
        new("token_embd.weight", GgmlType.F16, [128, 1000]),
        new("blk.0.attn_norm.weight", GgmlType.F32, [128]),
        new("blk.0.attn_q_norm.weight", GgmlType.F32, [32]),
        new("blk.0.attn_q.weight", GgmlType.Q4_1, [128, 128]),
        new("blk.0.attn_q.bias", GgmlType.F32, [128]),
        new("blk.0.attn_k.weight", GgmlType.Q4_1, [128, 64]),
        new("blk.0.attn_v.weight", GgmlType.Q4_1, [128, 64]),
        new("blk.0.attn_output.weight", GgmlType.Q4_1, [128, 128]),
        new("blk.0.ffn_gate.weight", GgmlType.Q4_1, [128, 512]),
        new("blk.0.ffn_up.weight", GgmlType.Q4_1, [128, 512]),
        new("blk.0.ffn_down.weight", GgmlType.Q4_1, [512, 128]),
    ];

    private static IEnumerable<TensorDescriptor> Block(int block) =>
    [
        new($"blk.{block}.attn_norm.weight", GgmlType.F32, [64]),
        new($"blk.{block}.attn_norm.bias", GgmlType.F32, [64]),
        new($"blk.{block}.attn_q_norm.weight", GgmlType.F32, [16]),
        new($"blk.{block}.attn_q.weight", GgmlType.BF16, [64, 64]),
        new($"blk.{block}.attn_q.bias", GgmlType.F32, [64]),
        new($"blk.{block}.ffn_up.weight", GgmlType.F16, [40, 64]),
        new($"blk.{block}.ffn_down.weight", GgmlType.Q4_1, [64, 64]),
    ];
}
