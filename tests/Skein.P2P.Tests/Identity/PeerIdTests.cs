using Skein.P2P.Identity;

namespace Skein.P2P.Tests.Identity;

public sealed class PeerIdTests
{
    // libp2p/specs, peer-ids, "Examples".
    [Theory]
    [InlineData("QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N")]
    [InlineData("12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA")]
    public void Parse_SpecificationsExamples_RoundTripInBothForms(string text)
    {
        var id = PeerId.Parse(text);

        Assert.Equal(text, id.ToString());
        Assert.Equal(id, PeerId.Parse(id.ToCid()));
        Assert.StartsWith("baf", id.ToCid(), StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_SpecificationsCid_IsAnId()
    {
        const string Cid = "bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe";

        Assert.Equal(Cid, PeerId.Parse(Cid).ToCid());
        Assert.Equal("QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N", PeerId.Parse(Cid).ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("Qm")]
    [InlineData("12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5S")]
    [InlineData("QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx50")]
    [InlineData("bafybeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe")]
    public void TryParse_Others_Refuses(string text) => Assert.False(PeerId.TryParse(text, out _));

    [Theory]
    [InlineData("0000")]
    [InlineData("1201aa")]
    [InlineData("1320aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public void TryRead_EmptyShortOrForeignHash_Refuses(string hex) => Assert.False(PeerId.TryRead(Convert.FromHexString(hex), out _));
}
