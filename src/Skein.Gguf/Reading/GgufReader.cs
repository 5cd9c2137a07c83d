using Skein.Core.Decoding;

namespace Skein.Gguf;

/// <summary>Reads the header of a GGUF file, version 2 or 3, little endian.</summary>
/// <remarks>
/// Format: ggml's <c>docs/gguf.md</c>. Every count is checked against the bytes that are left and against <see cref="GgufLimits"/> before memory is taken.
/// Laxer than llama.cpp in one point: tensors may lie in any order with gaps between them, as the specification allows.
/// </remarks>
[Decoder]
public static class GgufReader
{
    /// <summary>The first four bytes, <c>GGUF</c>, as a little-endian number.</summary>
    internal const uint Magic = 0x4655_4747;

    internal const string AlignmentKey = "general.alignment";
    internal const int DefaultAlignment = 32;

    private const int LeastKeyBytes = sizeof(ulong) + 1 + sizeof(uint) + 1;
    private const int LeastTensorBytes = sizeof(ulong) + 1 + sizeof(uint) + sizeof(uint) + sizeof(ulong);

    /// <summary>Reads metadata and tensor table; no tensor's data.</summary>
    /// <param name="source">The file. Stays open; only the header's bytes are read (and at most 1 MiB after it).</param>
    /// <param name="limits">Null: <see cref="GgufLimits.Default"/>.</param>
    /// <param name="cancellationToken">Safe.</param>
    /// <exception cref="GgufException">The file is malformed, cut short or beyond the limits; nothing else is thrown for its content.</exception>
    public static async ValueTask<GgufFile> ReadAsync(IRangeSource source, GgufLimits? limits, CancellationToken cancellationToken)
    {
        limits ??= GgufLimits.Default;
        var cursor = new HeaderCursor(source, limits.MaxHeader.Bytes);
        var version = await ReadVersionAsync(cursor, source, cancellationToken);

        var tensorCount = await cursor.ReadUInt64Async("the number of tensors", cancellationToken);
        var keyCount = await cursor.ReadUInt64Async("the number of metadata keys", cancellationToken);
        Limit(keyCount, limits.MaxKeys, "metadata keys", source);
        Limit(tensorCount, limits.MaxTensors, "tensors", source);
        cursor.Require(keyCount, LeastKeyBytes, "metadata keys");
        cursor.Require(tensorCount, LeastTensorBytes, "tensors");

        var metadata = await ReadMetadataAsync(cursor, source, (int)keyCount, limits, cancellationToken);
        var alignment = ReadAlignment(metadata, source, limits.MaxAlignment);

        cursor.Require(tensorCount, LeastTensorBytes, "tensors");
        var table = new (TensorDescriptor Descriptor, ulong Offset)[(int)tensorCount];
        for (var i = 0; i < table.Length; i++)
        {
            table[i] = await ReadTensorAsync(cursor, source, cancellationToken);
        }

        var dataOffset = Align(cursor.Position, alignment);
        var tensors = Place(table, source, dataOffset, alignment);
        return new GgufFile(version, metadata, tensors, alignment, dataOffset);
    }

    /// <summary>The next multiple of <paramref name="alignment"/>, a power of two.</summary>
    internal static long Align(long position, int alignment) => checked(position + alignment - 1) & ~((long)alignment - 1);

    internal static bool IsAlignment(long value) => value is >= 1 and <= int.MaxValue && System.Numerics.BitOperations.IsPow2(value);

    private static async ValueTask<int> ReadVersionAsync(HeaderCursor cursor, IRangeSource source, CancellationToken cancellationToken)
    {
        var magic = await cursor.ReadUInt32Async("the magic", cancellationToken);
        if (magic != Magic)
        {
            throw new GgufException(GgufError.NotGguf, $"{source.Name} is not a GGUF file: it begins with 0x{magic:x8} instead of the letters GGUF.");
        }

        var version = await cursor.ReadUInt32Async("the version", cancellationToken);
        if (version is 2 or 3)
        {
            return (int)version;
        }

        // A big-endian 1, 2 or 3 has its digit in the top byte.
        if (version != 0 && (version & 0xffff) == 0)
        {
            throw new GgufException(GgufError.BigEndian, $"{source.Name} is a big-endian GGUF file. Convert it with gguf-py's gguf_convert_endian, or fetch the little-endian one.");
        }

        throw new GgufException(GgufError.UnsupportedVersion, $"{source.Name} is GGUF version {version}; versions 2 and 3 are read.");
    }

    private static async ValueTask<GgufMetadata> ReadMetadataAsync(HeaderCursor cursor, IRangeSource source, int count, GgufLimits limits, CancellationToken cancellationToken)
    {
        var entries = new KeyValuePair<string, GgufValue>[count];
        for (var i = 0; i < entries.Length; i++)
        {
            var key = await cursor.ReadStringAsync(limits.MaxKeyBytes, "a metadata key", cancellationToken);
            var value = await GgufValueReader.ReadAsync(cursor, source, key, limits, cancellationToken);
            entries[i] = KeyValuePair.Create(key, value);
        }

        try
        {
            return new GgufMetadata(entries);
        }
        catch (GgufException e)
        {
            throw new GgufException(e.Error, $"{source.Name}: {e.Message}", e);
        }
    }

    private static int ReadAlignment(GgufMetadata metadata, IRangeSource source, int maxAlignment)
    {
        if (!metadata.TryGet(AlignmentKey, out var value))
        {
            return DefaultAlignment;
        }

        if (value.Type != GgufValueType.UInt32 || !value.TryGetInt64(out var alignment) || !IsAlignment(alignment) || alignment > maxAlignment)
        {
            throw new GgufException(GgufError.BadAlignment, $"{source.Name} has {AlignmentKey} {value} ({value.Type}); it must be a UInt32 power of two, at most {maxAlignment}.");
        }

        return (int)alignment;
    }

    private static async ValueTask<(TensorDescriptor Descriptor, ulong Offset)> ReadTensorAsync(HeaderCursor cursor, IRangeSource source, CancellationToken cancellationToken)
    {
        // Long enough to name the tensor in the message; the descriptor checks ggml's own bound.
        var name = await cursor.ReadStringAsync(1024, "a tensor's name", cancellationToken);
        var dimensions = await cursor.ReadUInt32Async("a tensor's dimensions", cancellationToken);
        if (dimensions > TensorShape.MaxDimensions)
        {
            throw new GgufException(GgufError.BadShape, $"{source.Name}: tensor {name} has {dimensions} dimensions; the most is {TensorShape.MaxDimensions}.");
        }

        var sizes = new long[dimensions];
        for (var i = 0; i < sizes.Length; i++)
        {
            sizes[i] = unchecked((long)await cursor.ReadUInt64Async("a tensor's shape", cancellationToken));
        }

        var type = (GgmlType)unchecked((int)await cursor.ReadUInt32Async("a tensor's type", cancellationToken));
        var offset = await cursor.ReadUInt64Async("a tensor's offset", cancellationToken);
        try
        {
            return (new TensorDescriptor(name, type, TensorShape.Create(sizes)), offset);
        }
        catch (GgufException e)
        {
            throw new GgufException(e.Error, $"{source.Name}: tensor {name}: {e.Message}", e);
        }
    }

    /// <summary>Checks that names differ and that data is aligned, inside the file and not shared.</summary>
    private static GgufTensor[] Place((TensorDescriptor Descriptor, ulong Offset)[] table, IRangeSource source, long dataOffset, int alignment)
    {
        var names = new HashSet<string>(table.Length, StringComparer.Ordinal);
        var tensors = new GgufTensor[table.Length];
        for (var i = 0; i < table.Length; i++)
        {
            var (descriptor, offset) = table[i];
            if (!names.Add(descriptor.Name))
            {
                throw new GgufException(GgufError.DuplicateTensor, $"{source.Name} has two tensors named {descriptor.Name}.");
            }

            if (offset % (ulong)alignment != 0)
            {
                throw new GgufException(GgufError.MisalignedTensor, $"{source.Name}: tensor {descriptor.Name} begins at byte {offset} of the data, which is no multiple of {alignment}.");
            }

            var space = source.Length - dataOffset - descriptor.ByteLength;
            if (space < 0 || offset > (ulong)space)
            {
                throw new GgufException(GgufError.TensorOutOfRange, $"{source.Name} has {source.Length} bytes; tensor {descriptor.Name} takes {descriptor.ByteLength} at byte {offset} of the data, which begins at {dataOffset}. The file is cut short or malformed; fetch it again.");
            }

            tensors[i] = new GgufTensor(descriptor, dataOffset + (long)offset);
        }

        var byOffset = tensors.OrderBy(tensor => tensor.Offset).ToArray();
        for (var i = 1; i < byOffset.Length; i++)
        {
            if (byOffset[i - 1].Offset + byOffset[i - 1].ByteLength > byOffset[i].Offset)
            {
                throw new GgufException(GgufError.OverlappingTensors, $"{source.Name}: tensors {byOffset[i - 1].Name} and {byOffset[i].Name} share bytes.");
            }
        }

        return tensors;
    }

    private static void Limit(ulong count, int limit, string what, IRangeSource source)
    {
        if (count > (ulong)limit)
        {
            throw new GgufException(GgufError.LimitExceeded, $"{source.Name} announces {count} {what}; the limit is {limit}.");
        }
    }
}
