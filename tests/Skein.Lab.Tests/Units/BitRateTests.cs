using Skein.Lab.Units;

namespace Skein.Lab.Tests.Units;

public sealed class BitRateTests
{
    [Theory]
    [InlineData(20, 1_500, 600_000)]
    [InlineData(0.008, 1_500, 1_500_000_000)]
    [InlineData(10_000, 1, 0)]
    [InlineData(0, 1_500, 0)]
    public void NanosecondsFor_Bytes_IsBitsOverRate(double megabits, long bytes, long expected) =>
        Assert.Equal(expected, BitRate.Megabits(megabits).NanosecondsFor(bytes));

    [Fact]
    public void BytesIn_ASecond_IsAnEighthOfTheBits() =>
        Assert.Equal(2_500_000, BitRate.Megabits(20).BytesIn(1_000_000_000));

    [Theory]
    [InlineData(0, "unlimited")]
    [InlineData(512_000, "512 kbit/s")]
    [InlineData(20_000_000, "20 Mbit/s")]
    public void ToString_ForPeople_CarriesTheUnit(long bits, string expected) =>
        Assert.Equal(expected, new BitRate(bits).ToString());
}
