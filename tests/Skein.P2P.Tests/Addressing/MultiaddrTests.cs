using System.Net;
using CsCheck;
using Skein.P2P.Addressing;
using Skein.P2P.Errors;

namespace Skein.P2P.Tests.Addressing;

public sealed class MultiaddrTests
{
    [Theory]
    [InlineData("/ip4/127.0.0.1/tcp/4001/ws", "047f000001060fa1dd03")]
    [InlineData("/ip4/1.2.3.4/tcp/443/tls/ws", "04010203040601bbc003dd03")]
    [InlineData("/dns4/example.com/tcp/443/wss", "360b6578616d706c652e636f6d0601bbde03")]
    [InlineData("/ip6/::1/tcp/1", "2900000000000000000000000000000001060001")]
    [InlineData("/ip4/1.2.3.4/udp/9/quic-v1", "040102030491020009cd03")]
    [InlineData("/memory/a", "89060161")]
    [InlineData("/dns/a.b/tcp/80/http-path/x%2Fy", "3503612e62060050e10303782f79")]
    public void Parse_KnownValues_GivesVectors(string text, string hex)
    {
        var address = Multiaddr.Parse(text);

        Assert.Equal(hex, Convert.ToHexStringLower(address.Bytes.Span));
        Assert.True(Multiaddr.TryRead(Convert.FromHexString(hex), out var read));
        Assert.Equal(address, read);
        Assert.Equal(text, read.ToString());
    }

    [Fact]
    public void Parse_RelayedAddress_KnowsWhereItLeads()
    {
        const string Relay = "12D3KooWRawPbxPtP1eZaJpumGnyWX2DcUyd3RQnydr3eAto4Az7";
        const string Target = "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA";

        var address = Multiaddr.Parse($"/ip4/1.2.3.4/tcp/4001/p2p/{Relay}/p2p-circuit/p2p/{Target}");

        Assert.True(address.IsRelayed);
        Assert.Equal(Target, address.PeerId?.ToString());
        Assert.False(address.IsPlainTcp);
        Assert.Equal(new IPEndPoint(IPAddress.Parse("1.2.3.4"), 4001), address.TcpEndPoint);
        Assert.Equal($"/ip4/1.2.3.4/tcp/4001/p2p/{Relay}/p2p-circuit", address.WithoutPeerId().ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("ip4/1.2.3.4")]
    [InlineData("/ip4/1.2.3")]
    [InlineData("/ip4/::1")]
    [InlineData("/ip6/1.2.3.4")]
    [InlineData("/ip4/1.2.3.4/tcp")]
    [InlineData("/ip4/1.2.3.4/tcp/65536")]
    [InlineData("/ip4/1.2.3.4/tcp/-1")]
    [InlineData("/ip4/1.2.3.4/nothing/1")]
    [InlineData("/p2p/QmNotAnId")]
    [InlineData("/dns4//tcp/1")]
    public void Parse_Malformed_RefusesByName(string text)
    {
        var fault = Assert.Throws<P2PException>(() => Multiaddr.Parse(text));

        Assert.Equal(P2PError.Malformed, fault.Error);
        Assert.Equal("p2p.malformed", fault.Code);
    }

    [Theory]
    [InlineData("")]
    [InlineData("04010203")] // half an address
    [InlineData("ff7f")] // an unknown protocol
    [InlineData("3605aa")] // a name that ends early
    [InlineData("3602c328")] // a name of bad UTF-8
    [InlineData("3603612f62")] // a name with a slash
    [InlineData("a50300")] // an empty peer id
    [InlineData("36ffffffffffffffffff01")] // an absurd length
    [InlineData("8400")] // a padded code
    [InlineData("047f00000106000ae10300")] // an empty path
    public void TryRead_Malformed_Refuses(string hex) => Assert.False(Multiaddr.TryRead(Convert.FromHexString(hex), out _));

    [Fact]
    public void TryRead_TooManyParts_Refuses()
        => Assert.False(Multiaddr.TryRead(Enumerable.Repeat<byte[]>([0xDD, 0x03], 17).SelectMany(part => part).ToArray(), out _));

    [Fact]
    public void FromTcp_MappedAndScoped_AreMadePlain()
    {
        Assert.Equal("/ip4/1.2.3.4/tcp/5", Multiaddr.FromTcp(new IPEndPoint(IPAddress.Parse("::ffff:1.2.3.4"), 5)).ToString());
        Assert.Equal("/ip6/fe80::1/tcp/5", Multiaddr.FromTcp(new IPEndPoint(IPAddress.Parse("fe80::1%3"), 5)).ToString());
    }

    [Fact]
    public void TryRead_WhatItAccepts_RoundTripsThroughText()
    {
        var seeds = new[] { "047f000001060fa1dd03", "360b6578616d706c652e636f6d0601bbde03", "3503612e62060050e10303782f79" }.Select(Convert.FromHexString).ToArray();
        Gen.Select(Gen.Int[0, 2].Select(i => seeds[i]), Gen.Int[0, 17], Gen.Byte).Sample((seed, index, value) =>
        {
            var bytes = seed.ToArray();
            bytes[index % bytes.Length] = value;
            return !Multiaddr.TryRead(bytes, out var address) || (Multiaddr.TryParse(address.ToString(), out var again) && again.Equals(address));
        });
    }
}
