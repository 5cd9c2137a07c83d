namespace Skein.Gguf;

/// <summary>The block of the edge stage that adds nothing to the residual stream.</summary>
internal static class IdentityBlock
{
    /// <summary>Rows are whole blocks of it in almost every model, every backend computes it, and its zero is all zero bytes.</summary>
    private const GgmlType Small = GgmlType.Q4_0;

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
}
