namespace Skein.Gguf.Tests.Tensors;

/// <summary>Numbers of the file format and of ggml 0.18. A change here breaks every file: do not edit the test.</summary>
public sealed class FrozenNumbersTests
{
    // type, number, values a block, bytes a block: ggml.h and ggml-common.h.
    private static readonly (GgmlType Type, int Number, int Values, int Bytes)[] Types =
    [
        (GgmlType.F32, 0, 1, 4), (GgmlType.F16, 1, 1, 2), (GgmlType.Q4_0, 2, 32, 18), (GgmlType.Q4_1, 3, 32, 20), (GgmlType.Q5_0, 6, 32, 22), (GgmlType.Q5_1, 7, 32, 24),
        (GgmlType.Q8_0, 8, 32, 34), (GgmlType.Q8_1, 9, 32, 36), (GgmlType.Q2_K, 10, 256, 84), (GgmlType.Q3_K, 11, 256, 110), (GgmlType.Q4_K, 12, 256, 144), (GgmlType.Q5_K, 13, 256, 176),
        (GgmlType.Q6_K, 14, 256, 210), (GgmlType.Q8_K, 15, 256, 292), (GgmlType.IQ2_XXS, 16, 256, 66), (GgmlType.IQ2_XS, 17, 256, 74), (GgmlType.IQ3_XXS, 18, 256, 98), (GgmlType.IQ1_S, 19, 256, 50),
        (GgmlType.IQ4_NL, 20, 32, 18), (GgmlType.IQ3_S, 21, 256, 110), (GgmlType.IQ2_S, 22, 256, 82), (GgmlType.IQ4_XS, 23, 256, 136), (GgmlType.I8, 24, 1, 1), (GgmlType.I16, 25, 1, 2),
        (GgmlType.I32, 26, 1, 4), (GgmlType.I64, 27, 1, 8), (GgmlType.F64, 28, 1, 8), (GgmlType.IQ1_M, 29, 256, 56), (GgmlType.BF16, 30, 1, 2), (GgmlType.TQ1_0, 34, 256, 54),
        (GgmlType.TQ2_0, 35, 256, 66), (GgmlType.MXFP4, 39, 32, 17), (GgmlType.NVFP4, 40, 64, 36), (GgmlType.Q1_0, 41, 128, 18), (GgmlType.Q2_0, 42, 64, 18),
    ];

    [Fact]
    public void GgmlType_NumbersAndLayouts_AreGgmls()
    {
        Assert.Equal(Enum.GetValues<GgmlType>(), Types.Select(row => row.Type));
        Assert.All(Types, row =>
        {
            Assert.Equal(row.Number, (int)row.Type);
            Assert.True(GgmlTypeLayout.TryGet(row.Type, out var layout));
            Assert.Equal(new GgmlTypeLayout(row.Values, row.Bytes), layout);
        });
    }

    [Fact]
    public void GgufValueType_Numbers_AreTheFormats()
        => Assert.Equal(
            ["UInt8 0", "Int8 1", "UInt16 2", "Int16 3", "UInt32 4", "Int32 5", "Float32 6", "Bool 7", "String 8", "Array 9", "UInt64 10", "Int64 11", "Float64 12"],
            Enum.GetValues<GgufValueType>().Select(type => $"{type} {(int)type}"));

    [Fact]
    public void GgufError_Numbers_AreStable()
        => Assert.Equal(
            "NotGguf 0, UnsupportedVersion 1, BigEndian 2, Truncated 3, LimitExceeded 4, BadText 5, BadKey 6, DuplicateKey 7, BadValueType 8, BadValue 9, BadAlignment 10, BadTensorName 11, DuplicateTensor 12, BadShape 13, UnknownTensorType 14, MisalignedTensor 15, TensorOutOfRange 16, OverlappingTensors 17, MissingKey 18, WrongType 19, MissingTensor 20, SizeMismatch 21, BadSpan 22",
            string.Join(", ", Enum.GetValues<GgufError>().Select(error => $"{error} {(int)error}")));
}
