using Skein.Gguf;

namespace Skein.Models;

/// <summary>Which piece of a model: pieces are ordered embedding, shared, blocks, output.</summary>
/// <param name="Kind">What it holds.</param>
/// <param name="Block">Index of the block; 0 for the others.</param>
public readonly record struct PieceKey(PieceKind Kind, int Block = 0) : IComparable<PieceKey>
{
    /// <summary>The piece that a tensor belongs to.</summary>
    public static PieceKey Of(string tensor)
    {
        if (BlockTensorName.TryParse(tensor, out var name))
        {
            return new PieceKey(PieceKind.Block, name.Block);
        }

        return new PieceKey(tensor switch
        {
            "token_embd.weight" => PieceKind.Embedding,
            "output.weight" or "output.bias" => PieceKind.Output,
            _ => PieceKind.Shared,
        });
    }

    /// <summary>Order in files.</summary>
    public static bool operator <(PieceKey left, PieceKey right) => left.CompareTo(right) < 0;

    /// <summary>Order in files.</summary>
    public static bool operator >(PieceKey left, PieceKey right) => left.CompareTo(right) > 0;

    /// <summary>Order in files.</summary>
    public static bool operator <=(PieceKey left, PieceKey right) => left.CompareTo(right) <= 0;

    /// <summary>Order in files.</summary>
    public static bool operator >=(PieceKey left, PieceKey right) => left.CompareTo(right) >= 0;

    /// <inheritdoc/>
    public int CompareTo(PieceKey other) => (Rank(Kind), Block).CompareTo((Rank(other.Kind), other.Block));

    /// <summary>For people: <c>block 7</c>.</summary>
    public override string ToString() => Kind == PieceKind.Block ? $"block {Block}" : Kind.ToString().ToLowerInvariant();

    private static int Rank(PieceKind kind) => kind switch
    {
        PieceKind.Embedding => 0,
        PieceKind.Shared => 1,
        PieceKind.Block => 2,
        _ => 3,
    };
}
