using System.Globalization;

namespace Skein.Gguf;

/// <summary>The name of a tensor that belongs to a transformer block: <c>blk.12.attn_q.weight</c>.</summary>
/// <param name="Block">Index of the block.</param>
/// <param name="Part">What follows: <c>attn_q.weight</c>.</param>
public readonly record struct BlockTensorName(int Block, string Part)
{
    private const string Prefix = "blk.";

    /// <summary>Splits a name; false for tensors outside the blocks.</summary>
    public static bool TryParse(string name, out BlockTensorName parsed)
    {
        parsed = default;
        if (!name.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return false;
        }

        var dot = name.IndexOf('.', Prefix.Length);
        if (dot < 0 || dot == name.Length - 1)
        {
            return false;
        }

        var digits = name.AsSpan(Prefix.Length, dot - Prefix.Length);
        if (!int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var block) || (digits.Length > 1 && digits[0] == '0'))
        {
            return false;
        }

        parsed = new BlockTensorName(block, name[(dot + 1)..]);
        return true;
    }

    /// <summary>As llama.cpp writes it.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Block}.{Part}");
}
