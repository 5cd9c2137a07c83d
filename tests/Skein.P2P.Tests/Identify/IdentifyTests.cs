using Skein.P2P.Addressing;
using Skein.P2P.Errors;
using Skein.P2P.Identify;
using Skein.P2P.Identity;
using Skein.P2P.Wire;

namespace Skein.P2P.Tests.Identify;

public sealed class IdentifyTests
{
    [Fact]
    public void Write_AllFields_GivesThemBack()
    {
        using var key = PeerKey.Generate();
        var message = new IdentifyMessage
        {
            PublicKey = key.PublicKey,
            ListenAddresses = [Multiaddr.Parse("/ip4/1.2.3.4/tcp/5")],
            Protocols = ["/a", "/b"],
            ObservedAddress = Multiaddr.Parse("/ip4/5.6.7.8/tcp/9"),
            ProtocolVersion = "/skein/1",
            AgentVersion = "x",
            SignedPeerRecord = new byte[] { 1, 2 },
        };

        Assert.True(IdentifyMessage.TryRead(message.Write().Written, out var read));
        Assert.Equal(message.PublicKey, read.PublicKey);
        Assert.Equal(message.ListenAddresses, read.ListenAddresses);
        Assert.Equal(message.Protocols, read.Protocols);
        Assert.Equal(message.ObservedAddress, read.ObservedAddress);
        Assert.Equal(message.ProtocolVersion, read.ProtocolVersion);
        Assert.Equal(message.AgentVersion, read.AgentVersion);
        Assert.Equal([1, 2], read.SignedPeerRecord!.Value.ToArray());
    }

    [Fact]
    public void TryRead_MoreThanTheLimits_KeepsTheFirst()
    {
        var writer = new ProtoWriter();
        for (var i = 0; i < 200; i++)
        {
            writer.Text(3, $"/p{i}").Bytes(2, Multiaddr.Parse($"/ip4/1.2.3.4/tcp/{i}").Bytes.Span);
        }

        Assert.True(IdentifyMessage.TryRead(writer.Written, out var read));
        Assert.Equal(IdentifyMessage.MaxProtocols, read.Protocols!.Count);
        Assert.Equal(IdentifyMessage.MaxAddresses, read.ListenAddresses!.Count);
    }

    [Fact]
    public async Task Read_SeveralMessages_AreMerged()
    {
        byte[] bytes = [.. new ProtoWriter().Text(3, "/a").Text(6, "x").ToDelimited(), .. new ProtoWriter().Text(3, "/b").ToDelimited()];

        var whole = await IdentifyProtocol.ReadAsync(new MemoryStream(bytes), CancellationToken.None);

        Assert.Equal(["/a", "/b"], whole.Protocols!);
        Assert.Equal("x", whole.AgentVersion);
    }

    [Theory]
    [InlineData("", P2PError.Malformed)]
    [InlineData("05", P2PError.Malformed)]
    [InlineData("0108", P2PError.Malformed)]
    [InlineData("818001", P2PError.LimitReached)]
    public async Task Read_Malformed_RefusesByName(string hex, P2PError error)
    {
        var fault = await Assert.ThrowsAsync<P2PException>(() => IdentifyProtocol.ReadAsync(new MemoryStream(Convert.FromHexString(hex)), CancellationToken.None));

        Assert.Equal(error, fault.Error);
    }
}
