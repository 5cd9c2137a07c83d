using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Skein.Core.Hidden;
using Skein.Swarm.Errors;

namespace Skein.Swarm.Codecs;

/// <summary>Float16, rounded to nearest even: half the bytes of float32, not exact.</summary>
internal sealed class Float16Codec : IRowCodec
{
    public RowFormat Format => RowFormat.Float16;

    public int RowBytes(int width) => checked(width * 2);

    public void Encode(ReadOnlySpan<float> values, Span<byte> destination)
    {
        var halves = MemoryMarshal.Cast<byte, Half>(destination);
        TensorPrimitives.ConvertToHalf(values, halves);
        // Rounding may overflow: some models have values beyond 65,504, so it is checked after the conversion.
        if (!TensorPrimitives.IsFiniteAll<Half>(halves))
        {
            throw new SwarmException(SwarmError.NotFinite, "The rows to send hold a value that float16 cannot carry (NaN, infinity or beyond 65,504): use the float32 codec for this model.");
        }

        if (!BitConverter.IsLittleEndian)
        {
            var words = MemoryMarshal.Cast<byte, ushort>(destination);
            BinaryPrimitives.ReverseEndianness(words, words);
        }
    }

    public bool TryDecode(ReadOnlySpan<byte> source, int rows, int width, [NotNullWhen(true)] out HiddenRows? decoded)
    {
        decoded = null;
        if (rows < 1 || width < 1 || source.Length != (long)rows * width * 2)
        {
            return false;
        }

        var result = HiddenRows.Rent(rows, width);
        if (BitConverter.IsLittleEndian)
        {
            TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(source), result.Span);
        }
        else
        {
            for (var i = 0; i < rows * width; i++)
            {
                result.Span[i] = (float)BinaryPrimitives.ReadHalfLittleEndian(source[(i * 2)..]);
            }
        }

        if (!TensorPrimitives.IsFiniteAll<float>(result.Span))
        {
            result.Dispose();
            return false;
        }

        decoded = result;
        return true;
    }
}
