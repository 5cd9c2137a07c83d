using CsCheck;
using Skein.Swarm.Codecs;
using Skein.Swarm.Errors;

namespace Skein.Swarm.Tests.Codecs;

public sealed class RowCodecTests
{
    public static TheoryData<RowFormat> Formats => [RowFormat.Float32, RowFormat.Float16];

    [Fact]
    public void Float32_AnyFiniteRows_ComeBackBitForBit()
        => Gen.Select(Gen.Int[1, 9], Gen.Int[1, 70]).SelectMany((rows, width) => Gen.Float.Where(float.IsFinite).Array[rows * width].Select(v => (rows, width, v))).Sample(
            t =>
            {
                var codec = RowCodecs.Get(RowFormat.Float32);
                var bytes = new byte[codec.RowBytes(t.width) * t.rows];
                codec.Encode(t.v, bytes);
                Assert.True(codec.TryDecode(bytes, t.rows, t.width, out var decoded));
                using (decoded)
                {
                    Assert.Equal(t.v, decoded.Span.ToArray());
                }
            },
            iter: 300);

    [Fact]
    public void Float16_RowsInRange_AreRoundedToNearest()
        => Gen.Float[-60_000f, 60_000f].Array[1, 200].Sample(
            values =>
            {
                var codec = RowCodecs.Get(RowFormat.Float16);
                var bytes = new byte[values.Length * 2];
                codec.Encode(values, bytes);
                Assert.True(codec.TryDecode(bytes, 1, values.Length, out var decoded));
                using (decoded)
                {
                    Assert.Equal(values.Select(v => (float)(Half)v), decoded.Span.ToArray());
                }
            },
            iter: 300);

    [Theory]
    [MemberData(nameof(Formats))]
    public void Encode_NotFinite_IsRefused(RowFormat format)
    {
        var codec = RowCodecs.Get(format);
        foreach (var bad in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity })
        {
            var values = new float[33];
            values[32] = bad;
            var failure = Assert.Throws<SwarmException>(() => codec.Encode(values, new byte[codec.RowBytes(33)]));
            Assert.Equal(SwarmError.NotFinite, failure.Error);
        }
    }

    [Fact]
    public void Float16_ValueBeyondItsRange_IsRefused()
        => Assert.Equal(SwarmError.NotFinite, Assert.Throws<SwarmException>(() => RowCodecs.Get(RowFormat.Float16).Encode([70_000f], new byte[2])).Error);

    [Theory]
    [InlineData(RowFormat.Float32, "0000c07f")]
    [InlineData(RowFormat.Float32, "0000807f")]
    [InlineData(RowFormat.Float32, "000080ff")]
    [InlineData(RowFormat.Float16, "007e")]
    [InlineData(RowFormat.Float16, "007c")]
    [InlineData(RowFormat.Float16, "00fc")]
    public void TryDecode_NotFinite_IsRefused(RowFormat format, string hex)
    {
        var codec = RowCodecs.Get(format);
        var bytes = new byte[codec.RowBytes(40)];
        Convert.FromHexString(hex).CopyTo(bytes.AsSpan(bytes.Length - codec.RowBytes(1)));

        Assert.False(codec.TryDecode(bytes, 1, 40, out _));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void TryDecode_WrongLength_IsRefused(RowFormat format)
    {
        var codec = RowCodecs.Get(format);

        Assert.False(codec.TryDecode(new byte[codec.RowBytes(4) + 1], 1, 4, out _));
        Assert.False(codec.TryDecode(new byte[codec.RowBytes(4)], 2, 4, out _));
        Assert.False(codec.TryDecode([], 0, 4, out _));
        Assert.False(codec.TryDecode([], 1, -4, out _));
    }

    [Fact]
    public void TryGet_UnknownFormat_IsRefused() => Assert.False(RowCodecs.TryGet((RowFormat)3, out _));
}
