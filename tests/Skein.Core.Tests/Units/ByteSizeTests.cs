using Skein.Core.Units;

namespace Skein.Core.Tests.Units;

public sealed class ByteSizeTests
{
    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(1024, "1.0 KiB")]
    [InlineData(98362432, "93.8 MiB")]
    [InlineData(5L << 40, "5.0 TiB")]
    public void ToString_ForPeople_PicksTheUnit(long bytes, string expected)
        => Assert.Equal(expected, new ByteSize(bytes).ToString());

    [Fact]
    public void Factories_Units_ArePowersOf1024()
    {
        Assert.Equal(1L << 10, ByteSize.KiB(1).Bytes);
        Assert.Equal(1L << 20, ByteSize.MiB(1).Bytes);
        Assert.Equal(1L << 30, ByteSize.GiB(1).Bytes);
    }

    [Fact]
    public void Comparison_Operators_Agree()
    {
        Assert.True(ByteSize.KiB(1) < ByteSize.MiB(1));
        Assert.True(ByteSize.KiB(1024) >= ByteSize.MiB(1));
        Assert.True(ByteSize.KiB(1024) <= ByteSize.MiB(1));
        Assert.True(ByteSize.GiB(1) > ByteSize.MiB(1));
    }
}
