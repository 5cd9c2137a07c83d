using System.Buffers;

namespace Skein.Gguf;

/// <summary>Writes GGUF version 3, little endian. The same input gives the same bytes.</summary>
public static class GgufWriter
{
    private const uint Version = 3;

    /// <summary>Writes a whole file: header, then each tensor's data, padded to the alignment (<c>general.alignment</c>, else 32).</summary>
    /// <param name="destination">Written front to back, from its present position; neither seeked nor closed nor flushed.</param>
    /// <param name="metadata">Keys in order.</param>
    /// <param name="tensors">Tensors in order.</param>
    /// <param name="progress">Told the bytes written so far, at least once a tensor and once a mebibyte or so.</param>
    /// <param name="cancellationToken">A cancelled write leaves a part of a file behind: write to a temporary name and rename.</param>
    /// <exception cref="GgufException">Names repeat, the alignment is none, or a tensor's bytes are more or fewer than its shape takes (<see cref="GgufError.SizeMismatch"/>).</exception>
    public static async ValueTask WriteAsync(Stream destination, GgufMetadata metadata, IReadOnlyList<GgufTensorContent> tensors, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        var header = new ArrayBufferWriter<byte>(64 << 10);
        var alignment = WriteHeader(header, metadata, [.. tensors.Select(tensor => tensor.Descriptor)]);
        await destination.WriteAsync(header.WrittenMemory, cancellationToken);
        var written = (long)header.WrittenCount;
        progress?.Report(written);
        foreach (var tensor in tensors)
        {
            var body = new ExactStream(destination, tensor.Descriptor, written, progress);
            await using (body)
            {
                await tensor.WriteAsync(body, cancellationToken);
                body.Complete();
            }

            var end = written + tensor.Descriptor.ByteLength;
            written = GgufReader.Align(end, alignment);
            await GgufTensorContent.WriteZerosAsync(destination, written - end, cancellationToken);
            progress?.Report(written);
        }
    }

    /// <summary>Bytes that <see cref="WriteAsync"/> would write.</summary>
    /// <exception cref="GgufException">As there.</exception>
    public static long ComputeLength(GgufMetadata metadata, IReadOnlyList<TensorDescriptor> tensors)
    {
        var header = new ArrayBufferWriter<byte>(64 << 10);
        var alignment = WriteHeader(header, metadata, tensors);
        return tensors.Aggregate((long)header.WrittenCount, (sum, tensor) => checked(sum + GgufReader.Align(tensor.ByteLength, alignment)));
    }

    /// <summary>Writes everything before the data, padding included.</summary>
    private static int WriteHeader(ArrayBufferWriter<byte> writer, GgufMetadata metadata, IReadOnlyList<TensorDescriptor> tensors)
    {
        var alignment = GetAlignment(metadata);
        writer.WriteUInt32(GgufReader.Magic);
        writer.WriteUInt32(Version);
        writer.WriteUInt64((ulong)tensors.Count);
        writer.WriteUInt64((ulong)metadata.Count);
        foreach (var (key, value) in metadata)
        {
            writer.WriteText(key);
            writer.WriteValue(value);
        }

        var names = new HashSet<string>(tensors.Count, StringComparer.Ordinal);
        var offset = 0L;
        foreach (var tensor in tensors)
        {
            if (!names.Add(tensor.Name))
            {
                throw new GgufException(GgufError.DuplicateTensor, $"Two tensors named {tensor.Name} were to be written.");
            }

            writer.WriteText(tensor.Name);
            writer.WriteUInt32((uint)tensor.Shape.Count);
            foreach (var size in tensor.Shape)
            {
                writer.WriteUInt64((ulong)size);
            }

            writer.WriteUInt32((uint)tensor.Type);
            writer.WriteUInt64((ulong)offset);
            offset = checked(offset + GgufReader.Align(tensor.ByteLength, alignment));
        }

        var padding = (int)(GgufReader.Align(writer.WrittenCount, alignment) - writer.WrittenCount);
        writer.GetSpan(padding)[..padding].Clear();
        writer.Advance(padding);
        return alignment;
    }

    private static int GetAlignment(GgufMetadata metadata)
    {
        if (!metadata.TryGet(GgufReader.AlignmentKey, out var value))
        {
            return GgufReader.DefaultAlignment;
        }

        if (value.Type != GgufValueType.UInt32 || !value.TryGetInt64(out var alignment) || !GgufReader.IsAlignment(alignment) || alignment > GgufLimits.Default.MaxAlignment)
        {
            throw new GgufException(GgufError.BadAlignment, $"{GgufReader.AlignmentKey} is {value} ({value.Type}); it must be a UInt32 power of two, at most {GgufLimits.Default.MaxAlignment}.");
        }

        return (int)alignment;
    }
}
