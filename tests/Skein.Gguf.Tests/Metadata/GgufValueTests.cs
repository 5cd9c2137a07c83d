using CsCheck;

namespace Skein.Gguf.Tests.Metadata;

public sealed class GgufValueTests
{
    [Fact]
    public void Equals_SameBits_IsEqualAndHashesAlike()
    {
        Assert.Equal(GgufValue.Float32(float.NaN), GgufValue.Float32(float.NaN));
        Assert.NotEqual(GgufValue.Float32(0f), GgufValue.Float32(-0f));
        Assert.NotEqual(GgufValue.UInt32(1), GgufValue.Int32(1));
        Assert.NotEqual(GgufValue.Array<uint>(1u), GgufValue.Array<int>(1));
        Assert.Equal(GgufValue.Array<uint>(1u, 2u).GetHashCode(), GgufValue.Array<uint>(1u, 2u).GetHashCode());
        Assert.NotEqual(GgufValue.Array<string>("a"), GgufValue.Array<string>("b"));
        Assert.NotEqual(GgufValue.Array<bool>(true), GgufValue.Array<bool>(true, true));
    }

    [Fact]
    public void TryGetArray_OtherElementType_IsFalse()
    {
        // C# would let both casts pass.
        Assert.False(GgufValue.Array<int>(1).TryGetArray<uint>(out _));
        Assert.False(GgufValue.Array<byte>(1).TryGetArray<sbyte>(out _));
        Assert.False(GgufValue.Int32(1).TryGetArray<int>(out _));
    }

    [Fact]
    public void Array_LaterChangeOfTheInput_DoesNotShow()
    {
        int[] values = [1, 2];
        var value = GgufValue.Array<int>(values);
        values[0] = 9;
        Assert.Equal(GgufValue.Array<int>(1, 2), value);
    }

    [Fact]
    public void Array_OfATypeThatGgufLacks_IsRefused() => Assert.Throws<ArgumentException>(() => GgufValue.Array<decimal>(1m));

    [Theory]
    [InlineData(GgufValueType.UInt64, false)]
    [InlineData(GgufValueType.Int64, true)]
    public void TryGetInt64_BeyondSixtyThreeBits_IsFalse(GgufValueType type, bool fits)
    {
        var value = type == GgufValueType.UInt64 ? GgufValue.UInt64(1ul << 63) : GgufValue.Int64(long.MinValue);
        Assert.Equal(fits, value.TryGetInt64(out _));
        Assert.True(value.TryGetDouble(out _));
    }

    [Fact]
    public void TryGetIntegers_AnyWidth_GivesThem()
    {
        Assert.True(GgufValue.Array<byte>(1, 255).TryGetIntegers(out var bytes));
        Assert.Equal([1L, 255L], bytes);
        Assert.True(GgufValue.Array<long>(-5L).TryGetIntegers(out var longs));
        Assert.Equal([-5L], longs);
        Assert.False(GgufValue.Array<ulong>(ulong.MaxValue).TryGetIntegers(out _));
        Assert.False(GgufValue.Array<float>(1f).TryGetIntegers(out _));
        Assert.False(GgufValue.Array<bool>(true).TryGetIntegers(out _));
        Assert.False(GgufValue.UInt32(1).TryGetIntegers(out _));
    }

    [Fact]
    public void Slice_AnyRange_IsThatRange()
        => Gen.Select(Gen.Int.Array[0, 12], Gen.Int[0, 12], Gen.Int[0, 12]).Sample((values, start, count) =>
        {
            var value = GgufValue.Array<int>(values);
            if (start + count > values.Length)
            {
                Assert.Throws<ArgumentOutOfRangeException>(() => value.Slice(start, count));
                return;
            }

            Assert.Equal(GgufValue.Array<int>(values.AsSpan(start, count)), value.Slice(start, count));
        });

    [Fact]
    public void Slice_Scalar_Throws() => Assert.Throws<InvalidOperationException>(() => GgufValue.String("abc").Slice(0, 1));

    [Fact]
    public void ToString_LongText_IsCut() => Assert.True(GgufValue.String(new string('x', 1000)).ToString().Length < 100);
}
