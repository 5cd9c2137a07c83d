using CsCheck;
using Skein.P2P.Wire;

namespace Skein.P2P.Tests.Wire;

public sealed class UvarintTests
{
    [Theory]
    [InlineData(0UL, "00")]
    [InlineData(127UL, "7f")]
    [InlineData(128UL, "8001")]
    [InlineData(300UL, "ac02")]
    [InlineData(16384UL, "808001")]
    [InlineData(ulong.MaxValue, "ffffffffffffffffff01")]
    public void Write_KnownValues_GivesVectors(ulong value, string hex)
    {
        var buffer = new byte[Uvarint.MaxLength];

        var length = Uvarint.Write(buffer, value);

        Assert.Equal(hex, Convert.ToHexStringLower(buffer.AsSpan(0, length)));
        Assert.Equal(length, Uvarint.LengthOf(value));
    }

    [Theory]
    [InlineData("")]
    [InlineData("80")]
    [InlineData("8000")]
    [InlineData("ffffffffffffffffff02")]
    [InlineData("ffffffffffffffffffff01")]
    public void TryRead_EndedPaddedOrTooLarge_Refuses(string hex)
        => Assert.False(Uvarint.TryRead(Convert.FromHexString(hex), out _, out _));

    [Fact]
    public void TryRead_OfWritten_GivesTheValueBack()
        => Gen.ULong.Sample(value =>
        {
            var buffer = new byte[Uvarint.MaxLength];
            var length = Uvarint.Write(buffer, value);
            return Uvarint.TryRead(buffer.AsSpan(0, length), out var read, out var consumed) && read == value && consumed == length;
        });
}
