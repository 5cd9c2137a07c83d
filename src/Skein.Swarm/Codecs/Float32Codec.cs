using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Skein.Core.Hidden;
using Skein.Swarm.Errors;

namespace Skein.Swarm.Codecs;

/// <summary>Float32 as it is in memory: a chain gives bit for bit what the whole model gives.</summary>
internal sealed class Float32Codec : IRowCodec
{
    public RowFormat Format => RowFormat.Float32;

    public int RowBytes(int width) => checked(width * sizeof(float));

    public void Encode(ReadOnlySpan<float> values, Span<byte> destination)
    {
        if (!TensorPrimitives.IsFiniteAll(values))
        {
            throw new SwarmException(SwarmError.NotFinite, "The rows to send hold NaN or infinity: the engine that computed them is at fault.");
        }

        if (BitConverter.IsLittleEndian)
        {
            MemoryMarshal.AsBytes(values).CopyTo(destination);
            return;
        }

        for (var i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(destination[(i * sizeof(float))..], values[i]);
        }
    }

    public bool TryDecode(ReadOnlySpan<byte> source, int rows, int width, [NotNullWhen(true)] out HiddenRows? decoded)
    {
        decoded = null;
        if (rows < 1 || width < 1 || source.Length != (long)rows * width * sizeof(float))
        {
            return false;
        }

        var result = HiddenRows.Rent(rows, width);
        if (BitConverter.IsLittleEndian)
        {
            source.CopyTo(MemoryMarshal.AsBytes(result.Span));
        }
        else
        {
            for (var i = 0; i < rows * width; i++)
            {
                result.Span[i] = BinaryPrimitives.ReadSingleLittleEndian(source[(i * sizeof(float))..]);
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
