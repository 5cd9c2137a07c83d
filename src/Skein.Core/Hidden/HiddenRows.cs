using System.Buffers;

namespace Skein.Core.Hidden;

/// <summary>Rows of the residual stream, row-major <c>[Rows, Width]</c> float32, in pooled memory.</summary>
/// <remarks>
/// Whoever creates or receives one disposes it; after that its memory belongs to the pool. Not thread-safe.
/// Between processes rows travel encoded (f16, f32); inside one they are always float32, so the arithmetic of a stage never depends on the wire.
/// </remarks>
public sealed class HiddenRows : IDisposable
{
    private float[]? _array;

    private HiddenRows(float[] array, int rows, int width)
    {
        _array = array;
        Rows = rows;
        Width = width;
    }

    /// <summary>Number of rows: one per token.</summary>
    public int Rows { get; }

    /// <summary>Values per row: the model's embedding width.</summary>
    public int Width { get; }

    /// <summary>The values, <see cref="Rows"/> x <see cref="Width"/>.</summary>
    /// <exception cref="ObjectDisposedException">The rows went back to the pool.</exception>
    public Memory<float> Memory => Array.AsMemory(0, Rows * Width);

    /// <summary>The values, <see cref="Rows"/> x <see cref="Width"/>.</summary>
    /// <exception cref="ObjectDisposedException">The rows went back to the pool.</exception>
    public Span<float> Span => Array.AsSpan(0, Rows * Width);

    private float[] Array
    {
        get
        {
            ObjectDisposedException.ThrowIf(_array is null, this);
            return _array;
        }
    }

    /// <summary>Rents room for rows; the values are whatever the pool left there.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not at least one row of one value, or more than 2^31 values in all.</exception>
    public static HiddenRows Rent(int rows, int width)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)rows * width, System.Array.MaxLength, nameof(rows));
        return new HiddenRows(ArrayPool<float>.Shared.Rent(rows * width), rows, width);
    }

    /// <summary>Copies values into pooled rows.</summary>
    public static HiddenRows CopyOf(ReadOnlySpan<float> values, int rows, int width)
    {
        if (values.Length != (long)rows * width)
        {
            throw new ArgumentException($"{rows} rows of {width} need {(long)rows * width} values, not {values.Length}.", nameof(values));
        }

        var copy = Rent(rows, width);
        values.CopyTo(copy.Span);
        return copy;
    }

    /// <summary>One row.</summary>
    public Span<float> Row(int row)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)Rows, nameof(row));
        return Array.AsSpan(row * Width, Width);
    }

    /// <summary>Returns the memory to the pool. Safe to call again.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _array, null) is { } array)
        {
            ArrayPool<float>.Shared.Return(array);
        }
    }
}
