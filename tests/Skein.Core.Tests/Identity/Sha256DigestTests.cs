using Skein.Core.Identity;

namespace Skein.Core.Tests.Identity;

public sealed class Sha256DigestTests
{
    // FIPS 180-4's example: "abc".
    private const string Abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    [Fact]
    public void Compute_KnownInput_GivesThePublishedDigest()
        => Assert.Equal(Abc, Sha256Digest.Compute("abc"u8).ToString());

    [Fact]
    public void TryParse_OfToString_RoundTripsInEitherCase()
    {
        Assert.True(Sha256Digest.TryParse(Abc, out var lower));
        Assert.True(Sha256Digest.TryParse(Abc.ToUpperInvariant(), out var upper));
        Assert.Equal(lower, upper);
        Assert.True(lower == upper);
        Assert.Equal(lower.GetHashCode(), upper.GetHashCode());
        Assert.Equal(Abc, lower.ToString());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("ba78")]
    [InlineData("zz7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    [InlineData("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad00")]
    public void TryParse_NotADigest_ReturnsFalse(string? text)
        => Assert.False(Sha256Digest.TryParse(text, out _));

    [Fact]
    public void FromBytes_WrongLength_Throws()
        => Assert.Throws<ArgumentException>(() => Sha256Digest.FromBytes(new byte[31]));

    [Fact]
    public void Equality_OneBitApart_Differs()
    {
        var bytes = new byte[Sha256Digest.Size];
        var zero = Sha256Digest.FromBytes(bytes);
        bytes[^1] = 1;

        Assert.True(zero != Sha256Digest.FromBytes(bytes));
        Assert.False(zero.Equals((object)Sha256Digest.FromBytes(bytes)));
    }
}
