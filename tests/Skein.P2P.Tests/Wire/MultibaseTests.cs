using CsCheck;
using Skein.P2P.Wire;

namespace Skein.P2P.Tests.Wire;

public sealed class MultibaseTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("00", "1")]
    [InlineData("0000287fb4cd", "11233QC4")]
    [InlineData("48656c6c6f20576f726c6421", "2NEpo7TZRRrLZSi2U")]
    public void Base58_KnownValues_GivesVectors(string hex, string text)
    {
        Assert.Equal(text, Base58.Encode(Convert.FromHexString(hex)));
        Assert.True(Base58.TryDecode(text, out var bytes));
        Assert.Equal(hex, Convert.ToHexStringLower(bytes));
    }

    [Theory]
    [InlineData("fae5d", "ae5d")]
    [InlineData("bnbswy3dpeb3w64tmmq", "68656c6c6f20776f726c64")]
    [InlineData("kfuvrsivvnfrbjwajo", "68656c6c6f20776f726c64")]
    [InlineData("zStV1DL6CwTryKyV", "68656c6c6f20776f726c64")]
    [InlineData("uaGVsbG8gd29ybGQ", "68656c6c6f20776f726c64")]
    [InlineData("maGVsbG8gd29ybGQ", "68656c6c6f20776f726c64")]
    public void TryDecode_EachBase_GivesBytes(string text, string hex)
    {
        Assert.True(Multibase.TryDecode(text, out var bytes));
        Assert.Equal(hex, Convert.ToHexStringLower(bytes));
    }

    [Theory]
    [InlineData("")]
    [InlineData("x00")]
    [InlineData("z0OIl")]
    [InlineData("bA1")]
    [InlineData("faf0")]
    [InlineData("u+/")]
    public void TryDecode_ForeignLetters_Refuses(string text) => Assert.False(Multibase.TryDecode(text, out _));

    [Fact]
    public void TryDecode_EndlessText_Refuses() => Assert.False(Multibase.TryDecode(new string('z', 100_000), out _));

    [Fact]
    public void RoundTrip_AnyBytes_Holds()
        => Gen.Byte.Array[0, 80].Sample(bytes =>
            Base58.TryDecode(Base58.Encode(bytes), out var a) && a.AsSpan().SequenceEqual(bytes)
            && Multibase.TryDecode(Multibase.EncodeBase32(bytes), out var b) && b.AsSpan().SequenceEqual(bytes)
            && Multibase.TryDecode(Multibase.EncodeBase64Url(bytes), out var c) && c.AsSpan().SequenceEqual(bytes));
}
