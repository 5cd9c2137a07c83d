using Skein.P2P.Addressing;
using Skein.P2P.AutoNat;
using Skein.P2P.Identity;
using Skein.P2P.Wire;

namespace Skein.P2P.Tests.AutoNat;

public sealed class AutoNatMessageTests
{
    // As docs/protocol/autonat.md has them.
    private const string RequestVector = "0a13" + "0a08047f000001060fa1" + "110102030405060708";
    private const string ResponseVector = "1208" + "08c801" + "1000" + "18c801";
    private const string DataRequestVector = "1a06" + "0801" + "10b0ea01";

    [Fact]
    public void Write_Request_IsTheVectorAndComesBack()
    {
        var message = new AutoNatMessage { Request = new DialRequest([Multiaddr.Parse("/ip4/127.0.0.1/tcp/4001")], 0x0807060504030201) };

        Assert.Equal(RequestVector, Convert.ToHexStringLower(message.Write().Written));
        Assert.True(AutoNatMessage.TryRead(Convert.FromHexString(RequestVector), out var read));
        Assert.Equal(message.Request.Nonce, read.Request!.Nonce);
        Assert.Equal(message.Request.Addresses, read.Request.Addresses);
    }

    [Fact]
    public void Write_ResponseAndDataRequest_AreTheVectorsAndComeBack()
    {
        var response = new DialResponse(AutoNatStatus.Ok, 0, DialStatus.Ok);
        var wanted = new DialDataRequest(1, 30_000);

        Assert.Equal(ResponseVector, Convert.ToHexStringLower(new AutoNatMessage { Response = response }.Write().Written));
        Assert.Equal(DataRequestVector, Convert.ToHexStringLower(new AutoNatMessage { DataRequest = wanted }.Write().Written));
        Assert.True(AutoNatMessage.TryRead(Convert.FromHexString(ResponseVector), out var first));
        Assert.Equal(response, first.Response);
        Assert.True(AutoNatMessage.TryRead(Convert.FromHexString(DataRequestVector), out var second));
        Assert.Equal(wanted, second.DataRequest);
    }

    [Fact]
    public void TryRead_AddressThatIsNotUnderstood_KeepsThePlacesOfTheOthers()
    {
        var request = new ProtoWriter().Bytes(1, [0xFF, 0x7F]).Bytes(1, Multiaddr.Parse("/memory/x").Bytes.Span).Fixed64(2, 9);

        Assert.True(AutoNatMessage.TryRead(new ProtoWriter().Message(1, request).Written, out var read));
        Assert.Null(read.Request!.Addresses[0]);
        Assert.Equal("/memory/x", read.Request.Addresses[1]!.ToString());
    }

    [Fact]
    public void TryRead_ManyAddresses_KeepsTheFirst()
    {
        var request = new ProtoWriter();
        for (var i = 0; i < 200; i++)
        {
            request.Bytes(1, Multiaddr.Parse("/memory/x").Bytes.Span);
        }

        Assert.True(AutoNatMessage.TryRead(new ProtoWriter().Message(1, request).Written, out var read));
        Assert.Equal(AutoNatProtocol.MaxAddresses, read.Request!.Addresses.Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0a")]
    [InlineData("0a05110102")]
    [InlineData("2a00")]
    [InlineData("0801")]
    public void TryRead_NoMessage_IsRefused(string hex) => Assert.False(AutoNatMessage.TryRead(Convert.FromHexString(hex), out _));

    [Fact]
    public void TryRead_TooMuchDialDataOrTooLong_IsRefused()
    {
        Assert.True(AutoNatMessage.TryRead(new AutoNatMessage { DataLength = AutoNatProtocol.MaxDialDataChunk }.Write().Written, out var read));
        Assert.Equal(AutoNatProtocol.MaxDialDataChunk, read.DataLength);
        Assert.False(AutoNatMessage.TryRead(new AutoNatMessage { DataLength = AutoNatProtocol.MaxDialDataChunk + 1 }.Write().Written, out _));
        Assert.False(AutoNatMessage.TryRead(new byte[AutoNatProtocol.MaxMessage + 1], out _));
    }

    [Fact]
    public void V1_BothKinds_ComeBack()
    {
        using var key = PeerKey.Generate();
        var request = new AutoNatV1Message { Peer = key.PeerId, Addresses = [Multiaddr.Parse("/ip4/1.2.3.4/tcp/5")] };
        var answer = new AutoNatV1Message { IsResponse = true, Status = AutoNatV1Status.DialError, StatusText = "x", Address = Multiaddr.Parse("/ip4/1.2.3.4/tcp/5") };

        Assert.True(AutoNatV1Message.TryRead(request.Write().Written, out var first));
        Assert.Equal((false, key.PeerId), (first.IsResponse, first.Peer));
        Assert.Equal(request.Addresses, first.Addresses);
        Assert.True(AutoNatV1Message.TryRead(answer.Write().Written, out var second));
        Assert.Equal((true, AutoNatV1Status.DialError, "x", answer.Address), (second.IsResponse, second.Status, second.StatusText, second.Address));
        Assert.False(AutoNatV1Message.TryRead([8, 0], out _));
        Assert.False(AutoNatV1Message.TryRead([8, 2], out _));
    }

    [Fact]
    public void Values_AreThoseOfTheSpecification()
    {
        Assert.Equal([0, 100, 101, 200], Enum.GetValues<AutoNatStatus>().Select(value => (int)value));
        Assert.Equal([0, 100, 101, 200], Enum.GetValues<DialStatus>().Select(value => (int)value));
        Assert.Equal([0, 100, 101, 200, 300], Enum.GetValues<AutoNatV1Status>().Select(value => (int)value));
    }
}
