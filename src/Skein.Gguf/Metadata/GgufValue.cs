using System.Runtime.InteropServices;

namespace Skein.Gguf;

/// <summary>One metadata value: a scalar, a string, or a flat array of either. Immutable; compared by type and bits.</summary>
public sealed class GgufValue : IEquatable<GgufValue>
{
    /// <summary>A boxed scalar, a string, or a <c>T[]</c> that nobody else holds.</summary>
    private readonly object _value;

    private GgufValue(GgufValueType type, GgufValueType elementType, object value)
    {
        Type = type;
        ElementType = elementType;
        _value = value;
    }

    /// <summary>The type; <see cref="GgufValueType.Array"/> for arrays.</summary>
    public GgufValueType Type { get; }

    /// <summary>The type of an array's elements; <see cref="Type"/> otherwise.</summary>
    public GgufValueType ElementType { get; }

    /// <summary>Whether it is an array.</summary>
    public bool IsArray => Type == GgufValueType.Array;

    /// <summary>Elements of an array; 1 otherwise.</summary>
    public int Count => _value is Array array ? array.Length : 1;

    internal object Raw => _value;

    /// <summary>An unsigned byte.</summary>
    public static GgufValue UInt8(byte value) => Scalar(GgufValueType.UInt8, value);

    /// <summary>A signed byte.</summary>
    public static GgufValue Int8(sbyte value) => Scalar(GgufValueType.Int8, value);

    /// <summary>An unsigned 16-bit number.</summary>
    public static GgufValue UInt16(ushort value) => Scalar(GgufValueType.UInt16, value);

    /// <summary>A signed 16-bit number.</summary>
    public static GgufValue Int16(short value) => Scalar(GgufValueType.Int16, value);

    /// <summary>An unsigned 32-bit number.</summary>
    public static GgufValue UInt32(uint value) => Scalar(GgufValueType.UInt32, value);

    /// <summary>A signed 32-bit number.</summary>
    public static GgufValue Int32(int value) => Scalar(GgufValueType.Int32, value);

    /// <summary>An unsigned 64-bit number.</summary>
    public static GgufValue UInt64(ulong value) => Scalar(GgufValueType.UInt64, value);

    /// <summary>A signed 64-bit number.</summary>
    public static GgufValue Int64(long value) => Scalar(GgufValueType.Int64, value);

    /// <summary>A single.</summary>
    public static GgufValue Float32(float value) => Scalar(GgufValueType.Float32, value);

    /// <summary>A double.</summary>
    public static GgufValue Float64(double value) => Scalar(GgufValueType.Float64, value);

    /// <summary>A truth value.</summary>
    public static GgufValue Bool(bool value) => Scalar(GgufValueType.Bool, value);

    /// <summary>Text.</summary>
    public static GgufValue String(string value) => Scalar(GgufValueType.String, value);

    /// <summary>An array; the elements are copied.</summary>
    /// <typeparam name="T">The C# type of one of the twelve scalar types, <see cref="bool"/> and <see cref="string"/> among them.</typeparam>
    public static GgufValue Array<T>(params ReadOnlySpan<T> values)
        where T : notnull
        => Adopt(values.ToArray());

    /// <summary>The value as a signed integer; false if it is no integer or does not fit.</summary>
    public bool TryGetInt64(out long value)
    {
        switch (_value)
        {
            case byte v: value = v; return true;
            case sbyte v: value = v; return true;
            case ushort v: value = v; return true;
            case short v: value = v; return true;
            case uint v: value = v; return true;
            case int v: value = v; return true;
            case long v: value = v; return true;
            case ulong v when v <= long.MaxValue: value = (long)v; return true;
            default: value = 0; return false;
        }
    }

    /// <summary>The value as a number; false if it is none. 64-bit integers may round.</summary>
    public bool TryGetDouble(out double value)
    {
        switch (_value)
        {
            case float v: value = v; return true;
            case double v: value = v; return true;
            case ulong v: value = v; return true;
            default:
                var isInteger = TryGetInt64(out var integer);
                value = integer;
                return isInteger;
        }
    }

    /// <summary>The value as a truth value; false if it is none.</summary>
    public bool TryGetBool(out bool value)
    {
        value = _value is true;
        return _value is bool;
    }

    /// <summary>The value as text; false if it is none.</summary>
    public bool TryGetString([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out string? value)
    {
        value = _value as string;
        return value is not null;
    }

    /// <summary>The elements, if it is an array of exactly that type.</summary>
    /// <typeparam name="T">The C# type of <see cref="ElementType"/>.</typeparam>
    public bool TryGetArray<T>(out ReadOnlyMemory<T> values)
        where T : notnull
    {
        // C# lets an int[] pass for a uint[] at run time; GGUF does not.
        var isArray = IsArray && ElementTypeOf<T>() == ElementType;
        values = isArray ? (T[])_value : default;
        return isArray;
    }

    /// <summary>The elements of an array of integers of any width; false if it is none, or one does not fit.</summary>
    public bool TryGetIntegers(out long[] values)
    {
        values = [];
        if (!IsArray || ElementType is GgufValueType.Float32 or GgufValueType.Float64 or GgufValueType.Bool or GgufValueType.String)
        {
            return false;
        }

        var result = new long[Count];
        for (var i = 0; i < result.Length; i++)
        {
            if (!Element(i).TryGetInt64(out result[i]))
            {
                return false;
            }
        }

        values = result;
        return true;
    }

    /// <summary>Elements <c>[start, start + count)</c> of an array, as an array.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range passes the end.</exception>
    /// <exception cref="InvalidOperationException">Not an array.</exception>
    public GgufValue Slice(int start, int count)
    {
        if (_value is not Array array)
        {
            throw new InvalidOperationException($"A {Type} has no elements.");
        }

        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, array.Length - count, nameof(start));
        var slice = System.Array.CreateInstance(array.GetType().GetElementType()!, count);
        System.Array.Copy(array, start, slice, 0, count);
        return new GgufValue(Type, ElementType, slice);
    }

    /// <inheritdoc/>
    public bool Equals(GgufValue? other)
    {
        if (other is null || other.Type != Type || other.ElementType != ElementType)
        {
            return false;
        }

        return (_value, other._value) switch
        {
            (float a, float b) => BitConverter.SingleToUInt32Bits(a) == BitConverter.SingleToUInt32Bits(b),
            (double a, double b) => BitConverter.DoubleToUInt64Bits(a) == BitConverter.DoubleToUInt64Bits(b),
            (string[] a, string[] b) => a.AsSpan().SequenceEqual(b),
            (Array a, Array b) => a.Length == b.Length && Bytes(a).SequenceEqual(Bytes(b)),
            _ => _value.Equals(other._value),
        };
    }

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as GgufValue);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Type, ElementType, _value is Array array ? array.Length : _value.GetHashCode());

    /// <summary>Short, for people: scalars as they are, arrays by type and length. Strings are cut at 60 characters.</summary>
    public override string ToString() => _value switch
    {
        Array array => $"{ElementType}[{array.Length}]",
        string { Length: > 60 } text => text[..60] + "…",
        _ => _value.ToString() ?? string.Empty,
    };

    /// <summary>Takes an array as it is: the caller gives it up.</summary>
    internal static GgufValue Adopt<T>(T[] values)
        where T : notnull
        => new(GgufValueType.Array, ElementTypeOf<T>() ?? throw new ArgumentException($"GGUF has no arrays of {typeof(T).Name}."), values);

    /// <summary>The bytes of an array of numbers or truth values, as the file has them (little-endian hosts only, as everywhere in Skein).</summary>
    internal static ReadOnlySpan<byte> Bytes(Array array)
        => MemoryMarshal.CreateReadOnlySpan(ref MemoryMarshal.GetArrayDataReference(array), Buffer.ByteLength(array));

    private static GgufValue Scalar(GgufValueType type, object value) => new(type, type, value);

    private static GgufValueType? ElementTypeOf<T>()
    {
        if (typeof(T) == typeof(byte))
        {
            return GgufValueType.UInt8;
        }

        if (typeof(T) == typeof(sbyte))
        {
            return GgufValueType.Int8;
        }

        if (typeof(T) == typeof(ushort))
        {
            return GgufValueType.UInt16;
        }

        if (typeof(T) == typeof(short))
        {
            return GgufValueType.Int16;
        }

        if (typeof(T) == typeof(uint))
        {
            return GgufValueType.UInt32;
        }

        if (typeof(T) == typeof(int))
        {
            return GgufValueType.Int32;
        }

        if (typeof(T) == typeof(ulong))
        {
            return GgufValueType.UInt64;
        }

        if (typeof(T) == typeof(long))
        {
            return GgufValueType.Int64;
        }

        if (typeof(T) == typeof(float))
        {
            return GgufValueType.Float32;
        }

        if (typeof(T) == typeof(double))
        {
            return GgufValueType.Float64;
        }

        if (typeof(T) == typeof(bool))
        {
            return GgufValueType.Bool;
        }

        return typeof(T) == typeof(string) ? GgufValueType.String : null;
    }

    private GgufValue Element(int index) => Scalar(ElementType, ((Array)_value).GetValue(index)!);
}
