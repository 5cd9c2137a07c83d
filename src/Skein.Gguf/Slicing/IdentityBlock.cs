namespace Skein.Gguf;

/// <summary>The block of the edge stage that adds nothing to the residual stream.</summary>
internal static class IdentityBlock
{
    /// <summary>Rows are whole blocks of it in almost every model, every backend computes it, and its zero is all zero bytes.</summary>
    private const GgmlType Small = GgmlType.Q4_0;

    /// <summary>A row of <see cref="Small"/> is a multiple of this.</summary>
    private const int SmallRow = 32;

    private const string Block = "blk.0.";
    private const string HeadCount = "attention.head_count";
    private const string SharedHeadCount = "attention.head_count_kv";
    private const string KeyLength = "attention.key_length";
    private const string ValueLength = "attention.value_length";

    /// <summary>Whether a tensor keeps block 0's values: norms, which must not divide by what they do not have, rope factors, which are divisors, and
    /// the gate of shared experts, whose sigmoid qwen2moe computes as silu(x) / x: 0 would give NaN.</summary>
    /// <remarks>A norm's bias does not: after the block it would be added to the stream.</remarks>
    public static bool Keeps(string part)
        => part.EndsWith(".weight", StringComparison.Ordinal)
            && (part.Contains("norm", StringComparison.Ordinal) || part.StartsWith("rope_", StringComparison.Ordinal) || part == "ffn_gate_inp_shexp.weight");

    /// <summary>The same tensor in a smaller type, if it is a matrix of floats of attention or feed-forward: zeros need no precision.</summary>
    public static TensorDescriptor Shrink(TensorDescriptor tensor, string part)
    {
        var isMatrix = tensor.Shape.Count >= 2
            && part.EndsWith(".weight", StringComparison.Ordinal)
            && (part.StartsWith("attn_", StringComparison.Ordinal) || part.StartsWith("ffn_", StringComparison.Ordinal));
        var isFloat = tensor.Type is GgmlType.F32 or GgmlType.F16 or GgmlType.BF16;
        return isMatrix && isFloat && tensor.Shape.RowLength % 32 == 0 ? new TensorDescriptor(tensor.Name, Small, tensor.Shape) : tensor;
    }

    /// <summary>Makes the block as narrow as a file can have it, where its parts are the plain ones.</summary>
    /// <remarks>
    /// It computes zeros whatever its width, so at full width it costs every token as much as another block of the model, once for embedding and once for the head.
    /// Attention becomes one head, and gate, up and down become 32 wide. Experts, fused matrices and all else whose width hangs on other keys stay as they are.
    /// </remarks>
    /// <param name="metadata">Of the edge.</param>
    /// <param name="planned">Its tensors; those of the block are replaced.</param>
    /// <param name="keepsHeads">Leaves attention as it is.</param>
    /// <returns>The metadata that goes with them.</returns>
    public static GgufMetadata Narrow(GgufMetadata metadata, List<StageTensor> planned, bool keepsHeads)
        => NarrowFeedForward(keepsHeads ? metadata : NarrowAttention(metadata, planned), planned);

    private static GgufMetadata NarrowAttention(GgufMetadata metadata, List<StageTensor> planned)
    {
        var prefix = metadata.Architecture + ".";
        if (Count(metadata, prefix + "embedding_length") is not { } width || Count(metadata, prefix + HeadCount) is not { } heads)
        {
            return metadata;
        }

        var sharedHeads = metadata.Contains(prefix + SharedHeadCount) ? Count(metadata, prefix + SharedHeadCount) : heads;
        var keySize = metadata.Contains(prefix + KeyLength) ? Count(metadata, prefix + KeyLength) : width / heads;
        var valueSize = metadata.Contains(prefix + ValueLength) ? Count(metadata, prefix + ValueLength) : width / heads;
        if (sharedHeads is not { } shared || keySize is not { } key || valueSize is not { } value || width % SmallRow != 0 || value % SmallRow != 0)
        {
            return metadata;
        }

        var narrow = new Dictionary<string, (TensorShape Wide, TensorShape Narrow)>(StringComparer.Ordinal)
        {
            ["attn_q.weight"] = ([width, heads * key], [width, key]),
            ["attn_k.weight"] = ([width, shared * key], [width, key]),
            ["attn_v.weight"] = ([width, shared * value], [width, value]),
            ["attn_output.weight"] = ([heads * value, width], [value, width]),
            ["attn_q.bias"] = ([heads * key], [key]),
            ["attn_k.bias"] = ([shared * key], [key]),
            ["attn_v.bias"] = ([shared * value], [value]),
        };

        // A norm over one head stays right with one head; a norm over all of them would not.
        var norms = planned.Where(tensor => tensor.Target.Name is $"{Block}attn_q_norm.weight" or $"{Block}attn_k_norm.weight");
        TensorShape oneHead = [key];
        return norms.All(norm => norm.Target.Shape.Equals(oneHead)) && TryReplace(planned, "attn_", 4, narrow)
            ? metadata.With(
            [
                KeyValuePair.Create(prefix + HeadCount, GgufValue.UInt32(1)),
                KeyValuePair.Create(prefix + SharedHeadCount, GgufValue.UInt32(1)),
                KeyValuePair.Create(prefix + KeyLength, GgufValue.UInt32((uint)key)),
                KeyValuePair.Create(prefix + ValueLength, GgufValue.UInt32((uint)value)),
            ])
            : metadata;
    }

    private static GgufMetadata NarrowFeedForward(GgufMetadata metadata, List<StageTensor> planned)
    {
        var lengthKey = metadata.Architecture + ".feed_forward_length";
        if (Count(metadata, lengthKey) is not { } length || Count(metadata, metadata.Architecture + ".embedding_length") is not { } width || width % SmallRow != 0)
        {
            return metadata;
        }

        var narrow = new Dictionary<string, (TensorShape Wide, TensorShape Narrow)>(StringComparer.Ordinal)
        {
            ["ffn_gate.weight"] = ([width, length], [width, SmallRow]),
            ["ffn_up.weight"] = ([width, length], [width, SmallRow]),
            ["ffn_down.weight"] = ([length, width], [SmallRow, width]),
        };
        return TryReplace(planned, "ffn_", 3, narrow) ? metadata.With(lengthKey, GgufValue.UInt32(SmallRow)) : metadata;
    }

    /// <summary>Replaces the zero tensors of a part of the block, if all of them are known and as wide as they should be.</summary>
    private static bool TryReplace(List<StageTensor> planned, string part, int matrices, Dictionary<string, (TensorShape Wide, TensorShape Narrow)> narrow)
    {
        var zeros = planned.Where(tensor => tensor.SourceName is null && tensor.Target.Name.StartsWith(Block + part, StringComparison.Ordinal)).ToList();
        if (zeros.Count(tensor => tensor.Target.Shape.Count == 2) != matrices
            || !zeros.TrueForAll(tensor => narrow.TryGetValue(tensor.Target.Name[Block.Length..], out var shapes) && tensor.Target.Shape.Equals(shapes.Wide)))
        {
            return false;
        }

        foreach (var tensor in zeros)
        {
            var shape = narrow[tensor.Target.Name[Block.Length..]].Narrow;
            var type = shape.Count == 2 ? Small : tensor.Target.Type;
            planned[planned.IndexOf(tensor)] = new StageTensor(new TensorDescriptor(tensor.Target.Name, type, shape), null);
        }

        return true;
    }

    private static long? Count(GgufMetadata metadata, string key)
        => metadata.TryGet(key, out var value) && !value.IsArray && value.TryGetInt64(out var count) && count is > 0 and <= int.MaxValue ? count : null;
}
