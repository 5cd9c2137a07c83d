using Skein.Core.Identity;

namespace Skein.Gguf;

/// <summary>The plan of a stage's GGUF: its metadata, its tensors, and where each tensor's bytes come from. Says nothing about files. Immutable.</summary>
/// <remarks>
/// A <b>span</b> stage holds blocks <c>[first, end)</c> under the names <c>blk.0</c>, <c>blk.1</c>, ... The loader demands an embedding, so it gets 32 rows of zeros;
/// every other tensor outside the blocks (<c>output_norm.weight</c>, <c>rope_freqs.weight</c>) stays.
/// The <b>edge</b> stage is the start and the end of the chain: vocabulary, embedding, final norm and head around one block that changes nothing,
/// its norms taken from block 0 and all else zero: x + 0 = x, whatever the architecture.
/// </remarks>
/// <param name="Metadata">Keys of the stage's file.</param>
/// <param name="Tensors">In the order of the stage's file.</param>
public sealed record StageLayout(GgufMetadata Metadata, IReadOnlyList<StageTensor> Tensors)
{
    /// <summary>Rows of the stand-in embedding: few, so that the head that nobody asks for costs nothing.</summary>
    public const int StandInVocabulary = 32;

    private const string Embedding = "token_embd.weight";
    private const string Output = "output.weight";
    private const string OutputBias = "output.bias";

    /// <summary>Plans the stage of a span of blocks.</summary>
    /// <param name="metadata">Of the whole model.</param>
    /// <param name="tensors">Of the whole model; at least those of the span and those outside the blocks.</param>
    /// <param name="span">Blocks to host.</param>
    /// <param name="rules">What the architecture needs.</param>
    /// <exception cref="GgufException"><see cref="GgufError.BadSpan"/>, <see cref="GgufError.MissingTensor"/>, <see cref="GgufError.MissingKey"/> or <see cref="GgufError.WrongType"/>.</exception>
    public static StageLayout ForSpan(GgufMetadata metadata, IEnumerable<TensorDescriptor> tensors, BlockSpan span, SliceRules rules)
    {
        var architecture = metadata.Architecture;
        var stageMetadata = SliceBlocks(metadata, span)
            .Without("tokenizer.")
            .With("tokenizer.ggml.model", GgufValue.String("no_vocab"))
            .With($"{architecture}.vocab_size", GgufValue.UInt32(StandInVocabulary))
            .With(rules.Metadata);

        TensorShape standIn = [metadata.GetCount($"{architecture}.embedding_length"), StandInVocabulary];
        var planned = new List<StageTensor> { new(new TensorDescriptor(Embedding, GgmlType.F32, standIn), null) };
        if (rules.NeedsOutputTensor)
        {
            planned.Add(new StageTensor(new TensorDescriptor(Output, GgmlType.F32, standIn), null));
        }

        foreach (var tensor in tensors)
        {
            if (!BlockTensorName.TryParse(tensor.Name, out var name))
            {
                if (tensor.Name is not (Embedding or Output or OutputBias))
                {
                    planned.Add(new StageTensor(tensor, tensor.Name));
                }
            }
            else if (name.Block >= span.First && name.Block < span.End)
            {
                planned.Add(new StageTensor(tensor.Rename((name with { Block = name.Block - span.First }).ToString()), tensor.Name));
            }
        }

        RequireBlocks(planned, span);
        return new StageLayout(stageMetadata, planned);
    }

    /// <summary>Plans the stage of embedding and head.</summary>
    /// <param name="metadata">Of the whole model.</param>
    /// <param name="tensors">Of the whole model; at least those of block 0 and those outside the blocks.</param>
    /// <param name="rules">What the architecture needs; <see cref="SliceRules.NeedsOutputTensor"/> means nothing here.</param>
    /// <exception cref="GgufException"><see cref="GgufError.MissingTensor"/>, <see cref="GgufError.MissingKey"/> or <see cref="GgufError.WrongType"/>.</exception>
    public static StageLayout ForEdge(GgufMetadata metadata, IEnumerable<TensorDescriptor> tensors, SliceRules rules)
    {
        var span = new BlockSpan(0, 1);
        var planned = new List<StageTensor>();
        foreach (var tensor in tensors)
        {
            if (!BlockTensorName.TryParse(tensor.Name, out var name))
            {
                planned.Add(new StageTensor(tensor, tensor.Name));
            }
            else if (name.Block == 0)
            {
                planned.Add(IdentityBlock.Keeps(name.Part) ? new StageTensor(tensor, tensor.Name) : new StageTensor(IdentityBlock.Shrink(tensor, name.Part), null));
            }
        }

        RequireBlocks(planned, span);
        if (!planned.Exists(tensor => tensor.Target.Name == Embedding))
        {
            throw new GgufException(GgufError.MissingTensor, $"The model has no {Embedding}: nothing can turn its tokens into rows.");
        }

        var edgeMetadata = IdentityBlock.Narrow(SliceBlocks(metadata, span).With(rules.Metadata), planned, rules.KeepsHeads);
        return new StageLayout(edgeMetadata, planned);
    }

    /// <summary>Bytes of the stage's file.</summary>
    public long ComputeFileLength() => GgufWriter.ComputeLength(Metadata, [.. Tensors.Select(tensor => tensor.Target)]);

    /// <summary>Joins the plan with where the whole model's tensors are.</summary>
    /// <param name="locate">Called once for each <see cref="StageTensor.SourceName"/>; throws what it likes for those it does not have.</param>
    public IReadOnlyList<GgufTensorContent> Bind(Func<string, TensorLocation> locate)
        => [.. Tensors.Select(tensor => tensor.SourceName is null ? GgufTensorContent.Zeros(tensor.Target) : FromLocation(tensor.Target, locate(tensor.SourceName)))];

    private static GgufTensorContent FromLocation(TensorDescriptor target, TensorLocation location) => GgufTensorContent.FromRange(target, location.Source, location.Offset);

    /// <summary>Sets the number of blocks and cuts every array that holds one value a block.</summary>
    private static GgufMetadata SliceBlocks(GgufMetadata metadata, BlockSpan span)
    {
        var blockCountKey = $"{metadata.Architecture}.block_count";
        var blockCount = metadata.GetCount(blockCountKey);
        if (!span.IsWithin(blockCount))
        {
            throw new GgufException(GgufError.BadSpan, $"Blocks [{span.First}, {span.End}) are not within the model's {blockCount}.");
        }

        // A stage is one whole file, whether or not the model came in several: the loader would look for the others.
        var sliced = metadata.Without("split.");
        return new GgufMetadata(sliced.Select(entry => PerBlockKeys.Contains(entry.Key, entry.Value, blockCount)
                ? KeyValuePair.Create(entry.Key, entry.Value.Slice(span.First, span.Count))
                : entry))
            .With(blockCountKey, GgufValue.UInt32((uint)span.Count));
    }

    private static void RequireBlocks(List<StageTensor> planned, BlockSpan span)
    {
        var blocks = planned.Select(tensor => BlockTensorName.TryParse(tensor.Target.Name, out var name) ? name.Block : -1).ToHashSet();
        for (var block = 0; block < span.Count; block++)
        {
            if (!blocks.Contains(block))
            {
                throw new GgufException(GgufError.MissingTensor, $"The model's block {span.First + block} has no tensors. If it is split over several files, all of them are needed.");
            }
        }
    }
}
