using System.Collections;
using System.Runtime.CompilerServices;

namespace Skein.Gguf;

/// <summary>Sizes of a tensor in ggml's order: the row's length first. At most four; none is a scalar. Compared by value.</summary>
[CollectionBuilder(typeof(TensorShape), nameof(Create))]
public sealed class TensorShape : IReadOnlyList<long>, IEquatable<TensorShape>
{
    /// <summary>The most dimensions a tensor has (<c>GGML_MAX_DIMS</c>).</summary>
    public const int MaxDimensions = 4;

    private readonly long[] _sizes;

    private TensorShape(long[] sizes) => _sizes = sizes;

    /// <inheritdoc/>
    public int Count => _sizes.Length;

    /// <summary>Values in a row: the first size, 1 for a scalar.</summary>
    public long RowLength => _sizes.Length == 0 ? 1 : _sizes[0];

    /// <inheritdoc/>
    public long this[int index] => _sizes[index];

    /// <summary>Takes 0 to 4 sizes of at least 1.</summary>
    /// <exception cref="GgufException"><see cref="GgufError.BadShape"/>: too many dimensions, or a size below 1.</exception>
    public static TensorShape Create(params ReadOnlySpan<long> sizes)
    {
        if (sizes.Length > MaxDimensions)
        {
            throw new GgufException(GgufError.BadShape, $"A tensor has at most {MaxDimensions} dimensions, not {sizes.Length}.");
        }

        foreach (var size in sizes)
        {
            if (size < 1)
            {
                throw new GgufException(GgufError.BadShape, $"A tensor's dimension is {size}; the least is 1.");
            }
        }

        return new TensorShape(sizes.ToArray());
    }

    /// <summary>Bytes of a tensor of this shape.</summary>
    /// <exception cref="GgufException"><see cref="GgufError.UnknownTensorType"/>, or <see cref="GgufError.BadShape"/>: rows are not whole blocks, or the size passes 63 bits.</exception>
    public long GetByteLength(GgmlType type)
    {
        if (!GgmlTypeLayout.TryGet(type, out var layout))
        {
            throw new GgufException(GgufError.UnknownTensorType, $"Tensor type {(int)type} is unknown. The file may be newer than this program.");
        }

        if (RowLength % layout.ValuesPerBlock != 0)
        {
            throw new GgufException(GgufError.BadShape, $"Rows of {RowLength} values are not whole {type} blocks of {layout.ValuesPerBlock}.");
        }

        try
        {
            var bytes = checked(RowLength / layout.ValuesPerBlock * layout.BytesPerBlock);
            for (var i = 1; i < _sizes.Length; i++)
            {
                bytes = checked(bytes * _sizes[i]);
            }

            return bytes;
        }
        catch (OverflowException e)
        {
            throw new GgufException(GgufError.BadShape, $"A {type} tensor of {this} has more bytes than 63 bits count.", e);
        }
    }

    /// <inheritdoc/>
    public bool Equals(TensorShape? other) => other is not null && _sizes.AsSpan().SequenceEqual(other._sizes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as TensorShape);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (var size in _sizes)
        {
            hash.Add(size);
        }

        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public IEnumerator<long> GetEnumerator() => ((IEnumerable<long>)_sizes).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => _sizes.GetEnumerator();

    /// <summary>As ggml writes it: <c>[576, 49152]</c>.</summary>
    public override string ToString() => $"[{string.Join(", ", _sizes)}]";
}
