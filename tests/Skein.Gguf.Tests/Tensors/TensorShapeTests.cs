namespace Skein.Gguf.Tests.Tensors;

public sealed class TensorShapeTests
{
    [Fact]
    public void GetByteLength_KnownTensors_IsGgmls()
    {
        Assert.Equal(576L * 49152 / 32 * 34, TensorShape.Create(576, 49152).GetByteLength(GgmlType.Q8_0));
        Assert.Equal(4, TensorShape.Create().GetByteLength(GgmlType.F32));
        Assert.Equal(2L * 3 * 4 * 5 * 2, TensorShape.Create(2, 3, 4, 5).GetByteLength(GgmlType.F16));
        Assert.Equal(210, TensorShape.Create(256).GetByteLength(GgmlType.Q6_K));
    }

    [Fact]
    public void GetByteLength_BeyondSixtyThreeBits_IsRefused()
        => Assert.Equal(GgufError.BadShape, Assert.Throws<GgufException>(() => TensorShape.Create(1L << 40, 1L << 40).GetByteLength(GgmlType.F32)).Error);

    [Fact]
    public void GetByteLength_HalfABlock_IsRefused()
        => Assert.Equal(GgufError.BadShape, Assert.Throws<GgufException>(() => TensorShape.Create(128).GetByteLength(GgmlType.Q4_K)).Error);

    [Fact]
    public void Equality_IsByValue()
    {
        TensorShape shape = [3, 4];
        Assert.Equal(TensorShape.Create(3, 4), shape);
        Assert.NotEqual(TensorShape.Create(4, 3), shape);
        Assert.NotEqual(TensorShape.Create(3, 4, 1), shape);
        Assert.Equal(TensorShape.Create(3, 4).GetHashCode(), shape.GetHashCode());
        Assert.Equal("[3, 4]", shape.ToString());
    }
}
