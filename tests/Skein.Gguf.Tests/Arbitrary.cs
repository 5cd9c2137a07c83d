using CsCheck;

namespace Skein.Gguf.Tests;

/// <summary>Random metadata and tensors for properties.</summary>
internal static class Arbitrary
{
    /// <summary>Any text that UTF-8 can write: surrogates only in pairs.</summary>
    public static readonly Gen<string> Text = Gen.OneOf(
        Gen.String[Gen.Char['a', 'z'], 0, 20],
        Gen.Int[1, 12].SelectMany(length => Gen.Int[0x20, 0x10ffff - 0x800].Select(value => char.ConvertFromUtf32(value < 0xd800 ? value : value + 0x800)).Array[length]).Select(string.Concat));

    public static readonly Gen<GgufValue> Value = Gen.OneOf(
        Gen.Byte.Select(GgufValue.UInt8),
        Gen.SByte.Select(GgufValue.Int8),
        Gen.UShort.Select(GgufValue.UInt16),
        Gen.Short.Select(GgufValue.Int16),
        Gen.UInt.Select(GgufValue.UInt32),
        Gen.Int.Select(GgufValue.Int32),
        Gen.ULong.Select(GgufValue.UInt64),
        Gen.Long.Select(GgufValue.Int64),
        Gen.Float.Select(GgufValue.Float32),
        Gen.Double.Select(GgufValue.Float64),
        Gen.Bool.Select(GgufValue.Bool),
        Text.Select(GgufValue.String),
        ArrayOf(Gen.Byte),
        ArrayOf(Gen.SByte),
        ArrayOf(Gen.UShort),
        ArrayOf(Gen.Short),
        ArrayOf(Gen.UInt),
        ArrayOf(Gen.Int),
        ArrayOf(Gen.ULong),
        ArrayOf(Gen.Long),
        ArrayOf(Gen.Float),
        ArrayOf(Gen.Double),
        ArrayOf(Gen.Bool),
        ArrayOf(Text));

    public static readonly Gen<GgufMetadata> Metadata = Gen.Select(Gen.String[Gen.Char['a', 'z'], 1, 12], Value)
        .Array[0, 20]
        .Select(entries => new GgufMetadata(entries.DistinctBy(entry => entry.Item1, StringComparer.Ordinal).Select(entry => KeyValuePair.Create(entry.Item1, entry.Item2))));

    public static readonly Gen<int> Alignment = Gen.Int[0, 12].Select(bits => 1 << bits);

    public static readonly Gen<TensorDescriptor[]> Tensors = Gen.Select(Gen.String[Gen.Char['a', 'z'], 1, 12], Gen.Enum<GgmlType>(), Gen.Long[1, 4].Array[0, 4])
        .Array[0, 12]
        .Select(tensors => tensors.DistinctBy(tensor => tensor.Item1, StringComparer.Ordinal).Select(tensor => Describe(tensor.Item1, tensor.Item2, tensor.Item3)).ToArray());

    private static TensorDescriptor Describe(string name, GgmlType type, long[] sizes)
    {
        Assert.True(GgmlTypeLayout.TryGet(type, out var layout));
        var rows = sizes.Length == 0 ? [1L] : sizes;
        rows[0] *= layout.ValuesPerBlock;
        return new TensorDescriptor(name, type, TensorShape.Create(rows));
    }

    private static Gen<GgufValue> ArrayOf<T>(Gen<T> element)
        where T : notnull
        => element.Array[0, 9].Select(values => GgufValue.Array<T>(values));
}
