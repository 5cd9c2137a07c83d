using System.Runtime.InteropServices;
using Skein.Gguf;

namespace Skein.Models.Tests.Families;

/// <summary>A tiny model of an architecture with random weights, for parity: what it says means nothing, how it computes is the architecture's.</summary>
/// <param name="architecture">Value of <c>general.architecture</c>.</param>
/// <param name="blocks">Transformer blocks.</param>
internal sealed class SyntheticModel(string architecture, int blocks)
{
    public const int Width = 256;
    public const int Heads = 4;
    public const int KvHeads = 2;
    public const int HeadSize = 64;
    public const int FeedForward = 192;
    public const int Experts = 6;
    public const int ExpertFeedForward = 64;

    private readonly List<KeyValuePair<string, GgufValue>> _keys = [];
    private readonly List<TensorDescriptor> _tensors = [];

    public int Blocks => blocks;

    /// <summary>Sets a key of the architecture.</summary>
    public SyntheticModel With(string key, GgufValue value)
    {
        _keys.Add(KeyValuePair.Create($"{architecture}.{key}", value));
        return this;
    }

    /// <summary>Sets a count of the architecture.</summary>
    public SyntheticModel With(string key, int value) => With(key, GgufValue.UInt32((uint)value));

    /// <summary>Sets a number of the architecture.</summary>
    public SyntheticModel With(string key, float value) => With(key, GgufValue.Float32(value));

    /// <summary>Adds a tensor outside the blocks.</summary>
    public SyntheticModel Tensor(string name, params long[] shape)
    {
        _tensors.Add(new TensorDescriptor(name, GgmlType.F32, TensorShape.Create(shape)));
        return this;
    }

    /// <summary>Adds tensors to blocks <c>[first, end)</c>; end 0 means all.</summary>
    public SyntheticModel Block(int first, int end, params (string Part, long[] Shape)[] tensors)
    {
        for (var block = first; block < (end == 0 ? blocks : end); block++)
        {
            foreach (var (part, shape) in tensors)
            {
                Tensor($"blk.{block}.{part}", shape);
            }
        }

        return this;
    }

    /// <summary>Adds tensors to every block.</summary>
    public SyntheticModel EveryBlock(params (string Part, long[] Shape)[] tensors) => Block(0, 0, tensors);

    /// <summary>Norms of width, and attention with separate projections.</summary>
    public SyntheticModel Attention() => EveryBlock(
        ("attn_norm.weight", [Width]),
        ("attn_q.weight", [Width, Heads * HeadSize]),
        ("attn_k.weight", [Width, KvHeads * HeadSize]),
        ("attn_v.weight", [Width, KvHeads * HeadSize]),
        ("attn_output.weight", [Heads * HeadSize, Width]));

    /// <summary>A gated feed-forward with its norm.</summary>
    public SyntheticModel Dense() => EveryBlock(("ffn_norm.weight", [Width])).DenseWithoutNorm(0, 0);

    public SyntheticModel DenseWithoutNorm(int first, int end) => Block(
        first,
        end,
        ("ffn_gate.weight", [Width, FeedForward]),
        ("ffn_up.weight", [Width, FeedForward]),
        ("ffn_down.weight", [FeedForward, Width]));

    /// <summary>A router and experts, in blocks from <paramref name="first"/> on.</summary>
    public SyntheticModel Mixture(int first, int feedForward)
    {
        return With("expert_count", Experts)
            .With("expert_used_count", 2)
            .Block(
                first,
                0,
                ("ffn_gate_inp.weight", [Width, Experts]),
                ("ffn_gate_exps.weight", [Width, feedForward, Experts]),
                ("ffn_up_exps.weight", [Width, feedForward, Experts]),
                ("ffn_down_exps.weight", [feedForward, Width, Experts]));
    }

    /// <summary>Writes the file, with the vocabulary of a tiny checkpoint.</summary>
    public async Task WriteAsync(string path)
    {
        await using var donor = FileRangeSource.Open(SharedData.Tiny("llama"));
        var vocabulary = await GgufReader.ReadAsync(donor, null, CancellationToken.None);
        var tokens = vocabulary.Metadata["tokenizer.ggml.tokens"].Count;
        Tensor("token_embd.weight", Width, tokens).Tensor("output_norm.weight", Width);
        With("block_count", blocks).With("context_length", 512).With("embedding_length", Width).With("feed_forward_length", FeedForward)
            .With("attention.head_count", Heads).With("attention.head_count_kv", KvHeads).With("vocab_size", tokens)
            .With("rope.freq_base", 10_000f).With("attention.layer_norm_rms_epsilon", 1e-5f).With("attention.layer_norm_epsilon", 1e-5f);
        var metadata = new GgufMetadata(vocabulary.Metadata.Where(entry => entry.Key.StartsWith("tokenizer.", StringComparison.Ordinal))
                .Prepend(KeyValuePair.Create("general.architecture", GgufValue.String(architecture))))
            .With(_keys.DistinctBy(entry => entry.Key, StringComparer.Ordinal));
        await using var stream = File.Create(path);
        await GgufWriter.WriteAsync(stream, metadata, [.. _tensors.Select((tensor, i) => GgufTensorContent.FromBytes(tensor, Weights(tensor, i, tokens)))], null, CancellationToken.None);
    }

    /// <summary>The head of a model that does not use its embedding again; its rows are the vocabulary.</summary>
    public SyntheticModel Head() => Tensor("output.weight", Width, 768);

    // Norms near 1, everything else small enough that six blocks neither explode nor vanish.
    private static byte[] Weights(TensorDescriptor tensor, int seed, int tokens)
    {
        Assert.Equal(768, tokens);
        var random = new Random(seed + 1);
        var values = new float[tensor.ByteLength / sizeof(float)];
        var isNorm = tensor.Name.Contains("norm", StringComparison.Ordinal);
        var scale = tensor.Shape.Count == 1 ? 0.1 : 1.7 / Math.Sqrt(tensor.Shape.RowLength);
        for (var i = 0; i < values.Length; i++)
        {
            var value = (random.NextDouble() - 0.5) * 2 * scale;
            values[i] = (float)(isNorm ? 1 + value : value);
        }

        return MemoryMarshal.AsBytes(values.AsSpan()).ToArray();
    }
}
