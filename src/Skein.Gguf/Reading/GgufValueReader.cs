namespace Skein.Gguf;

/// <summary>Reads one metadata value.</summary>
internal static class GgufValueReader
{
    public static async ValueTask<GgufValue> ReadAsync(HeaderCursor cursor, IRangeSource source, string key, GgufLimits limits, CancellationToken cancellationToken)
    {
        var type = (GgufValueType)unchecked((int)await cursor.ReadUInt32Async("a value's type", cancellationToken));
        const string What = "a metadata value";
        switch (type)
        {
            case GgufValueType.UInt8:
                return GgufValue.UInt8(await cursor.ReadByteAsync(What, cancellationToken));
            case GgufValueType.Int8:
                return GgufValue.Int8(unchecked((sbyte)await cursor.ReadByteAsync(What, cancellationToken)));
            case GgufValueType.UInt16:
                return GgufValue.UInt16(await cursor.ReadUInt16Async(What, cancellationToken));
            case GgufValueType.Int16:
                return GgufValue.Int16(unchecked((short)await cursor.ReadUInt16Async(What, cancellationToken)));
            case GgufValueType.UInt32:
                return GgufValue.UInt32(await cursor.ReadUInt32Async(What, cancellationToken));
            case GgufValueType.Int32:
                return GgufValue.Int32(unchecked((int)await cursor.ReadUInt32Async(What, cancellationToken)));
            case GgufValueType.UInt64:
                return GgufValue.UInt64(await cursor.ReadUInt64Async(What, cancellationToken));
            case GgufValueType.Int64:
                return GgufValue.Int64(unchecked((long)await cursor.ReadUInt64Async(What, cancellationToken)));
            case GgufValueType.Float32:
                return GgufValue.Float32(BitConverter.UInt32BitsToSingle(await cursor.ReadUInt32Async(What, cancellationToken)));
            case GgufValueType.Float64:
                return GgufValue.Float64(BitConverter.UInt64BitsToDouble(await cursor.ReadUInt64Async(What, cancellationToken)));
            case GgufValueType.Bool:
                return GgufValue.Bool(ToBool(await cursor.ReadByteAsync(What, cancellationToken), source, key));
            case GgufValueType.String:
                return GgufValue.String(await cursor.ReadStringAsync(limits.MaxString.Bytes, What, cancellationToken));
            case GgufValueType.Array:
                return await ReadArrayAsync(cursor, source, key, limits, cancellationToken);
            default:
                throw UnknownType(source, key, type);
        }
    }

    private static async ValueTask<GgufValue> ReadArrayAsync(HeaderCursor cursor, IRangeSource source, string key, GgufLimits limits, CancellationToken cancellationToken)
    {
        var type = (GgufValueType)unchecked((int)await cursor.ReadUInt32Async("an array's type", cancellationToken));
        var count = await cursor.ReadUInt64Async("an array's length", cancellationToken);
        if (count > (ulong)limits.MaxArrayElements)
        {
            throw new GgufException(GgufError.LimitExceeded, $"{source.Name}: the metadata key {key} announces {count} elements; the limit is {limits.MaxArrayElements}.");
        }

        switch (type)
        {
            case GgufValueType.UInt8:
                return await NumbersAsync<byte>(cursor, count, sizeof(byte), cancellationToken);
            case GgufValueType.Int8:
                return await NumbersAsync<sbyte>(cursor, count, sizeof(sbyte), cancellationToken);
            case GgufValueType.UInt16:
                return await NumbersAsync<ushort>(cursor, count, sizeof(ushort), cancellationToken);
            case GgufValueType.Int16:
                return await NumbersAsync<short>(cursor, count, sizeof(short), cancellationToken);
            case GgufValueType.UInt32:
                return await NumbersAsync<uint>(cursor, count, sizeof(uint), cancellationToken);
            case GgufValueType.Int32:
                return await NumbersAsync<int>(cursor, count, sizeof(int), cancellationToken);
            case GgufValueType.UInt64:
                return await NumbersAsync<ulong>(cursor, count, sizeof(ulong), cancellationToken);
            case GgufValueType.Int64:
                return await NumbersAsync<long>(cursor, count, sizeof(long), cancellationToken);
            case GgufValueType.Float32:
                return await NumbersAsync<float>(cursor, count, sizeof(float), cancellationToken);
            case GgufValueType.Float64:
                return await NumbersAsync<double>(cursor, count, sizeof(double), cancellationToken);
            case GgufValueType.Bool:
                cursor.Require(count, 1, "array elements");
                var bytes = new byte[(int)count];
                await cursor.ReadArrayAsync(bytes, "an array", cancellationToken);
                return GgufValue.Adopt(Array.ConvertAll(bytes, value => ToBool(value, source, key)));
            case GgufValueType.String:
                cursor.Require(count, sizeof(ulong), "strings");
                var strings = new string[(int)count];
                for (var i = 0; i < strings.Length; i++)
                {
                    strings[i] = cursor.TryReadBufferedString(limits.MaxString.Bytes, out var text)
                        ? text
                        : await cursor.ReadStringAsync(limits.MaxString.Bytes, "a string", cancellationToken);
                }

                return GgufValue.Adopt(strings);
            case GgufValueType.Array:
                throw new GgufException(GgufError.BadValueType, $"{source.Name}: the metadata key {key} is an array of arrays, which no model uses.");
            default:
                throw UnknownType(source, key, type);
        }
    }

    private static async ValueTask<GgufValue> NumbersAsync<T>(HeaderCursor cursor, ulong count, int size, CancellationToken cancellationToken)
        where T : unmanaged
    {
        cursor.Require(count, size, "array elements");
        var values = new T[(int)count];
        await cursor.ReadArrayAsync(values, "an array", cancellationToken);
        return GgufValue.Adopt(values);
    }

    private static bool ToBool(byte value, IRangeSource source, string key) => value switch
    {
        0 => false,
        1 => true,
        _ => throw new GgufException(GgufError.BadValue, $"{source.Name}: the metadata key {key} has a bool of {value}; 0 and 1 are bools."),
    };

    private static GgufException UnknownType(IRangeSource source, string key, GgufValueType type)
        => new(GgufError.BadValueType, $"{source.Name}: the metadata key {key} has type {(int)type}, which GGUF does not define.");
}
