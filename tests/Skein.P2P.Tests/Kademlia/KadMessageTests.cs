using Skein.P2P.Addressing;
using Skein.P2P.Kademlia;
using Skein.P2P.Wire;

namespace Skein.P2P.Tests.Kademlia;

public sealed class KadMessageTests
{
    [Fact]
    public void Write_FindNode_MatchesTheWire()
    {
        // type = 4, key = "ab".
        var encoded = new KadMessage { Type = KadMessageType.FindNode, Key = "ab"u8.ToArray() }.Write().ToArray();

        Assert.Equal("0804" + "12026162", Convert.ToHexStringLower(encoded));
    }

    [Fact]
    public void TryRead_OfWrite_RoundTripsEveryField()
    {
        var peer = new KadPeer(TestPeers.Id(3), [Multiaddr.Parse("/ip4/192.0.2.1/tcp/4001"), Multiaddr.Parse("/ip4/192.0.2.1/tcp/443/wss")]);
        var message = new KadMessage
        {
            Type = KadMessageType.GetValue,
            Key = "/skein/man/x"u8.ToArray(),
            Record = new KadRecord("/skein/man/x"u8.ToArray(), new byte[] { 1, 2, 3 }, "2026-01-01T00:00:00Z"),
            CloserPeers = [peer],
            ProviderPeers = [peer, new KadPeer(TestPeers.Id(4), [])],
        };

        Assert.True(KadMessage.TryRead(message.Write().ToArray(), out var read));
        Assert.Equal(message.Type, read.Type);
        Assert.Equal(message.Key.ToArray(), read.Key.ToArray());
        Assert.Equal(message.Record.Value.ToArray(), read.Record!.Value.ToArray());
        Assert.Equal("2026-01-01T00:00:00Z", read.Record.TimeReceived);
        Assert.Equal(peer.Addresses, Assert.Single(read.CloserPeers).Addresses);
        Assert.Equal([TestPeers.Id(3), TestPeers.Id(4)], read.ProviderPeers.Select(p => p.Id));
    }

    [Fact]
    public void TryRead_StrangeEntries_AreSkippedNotFatal()
    {
        var peer = new ProtoWriter().Bytes(1, TestPeers.Id(5).Bytes.Span).Bytes(2, [0xff, 0xff, 0x7f, 1]).Bytes(2, Multiaddr.Parse("/ip4/192.0.2.1/tcp/4001").Bytes.Span);
        var nobody = new ProtoWriter().Bytes(1, [1, 2, 3]);
        var encoded = new ProtoWriter().Varint(1, 4).Message(8, peer).Message(8, nobody).Varint(77, 1).ToArray();

        Assert.True(KadMessage.TryRead(encoded, out var message));
        var read = Assert.Single(message.CloserPeers);
        Assert.Equal("/ip4/192.0.2.1/tcp/4001", Assert.Single(read.Addresses).ToString());
    }

    [Fact]
    public void TryRead_PastALimit_IsRefused()
    {
        var peer = new ProtoWriter().Bytes(1, TestPeers.Id(5).Bytes.Span);
        var many = new ProtoWriter().Varint(1, 4);
        for (var i = 0; i <= KadLimits.MaxPeers; i++)
        {
            many.Message(8, peer);
        }

        Assert.False(KadMessage.TryRead(many.ToArray(), out _));
        Assert.False(KadMessage.TryRead(new ProtoWriter().Varint(1, 4).Bytes(2, new byte[KadLimits.MaxKey + 1]).ToArray(), out _));
        Assert.False(KadMessage.TryRead(new ProtoWriter().Varint(1, 6).ToArray(), out _));
        var record = new ProtoWriter().Bytes(1, "k"u8).Bytes(2, new byte[KadLimits.MaxValue + 1]);
        Assert.False(KadMessage.TryRead(new ProtoWriter().Varint(1, 0).Message(3, record).ToArray(), out _));
    }

    [Fact]
    public void TryRead_EveryTruncation_IsRefusedOrShorter()
    {
        var encoded = new KadMessage { Type = KadMessageType.PutValue, Key = "key"u8.ToArray(), Record = new KadRecord("key"u8.ToArray(), new byte[50], string.Empty) }.Write().ToArray();
        for (var length = 0; length < encoded.Length; length++)
        {
            if (KadMessage.TryRead(encoded.AsSpan(0, length), out var message))
            {
                Assert.Null(message.Record);
            }
        }
    }

    [Fact]
    public void KadMessageType_Values_AreFrozen()
        => Assert.Equal("PutValue=0 GetValue=1 AddProvider=2 GetProviders=3 FindNode=4 Ping=5", string.Join(' ', Enum.GetValues<KadMessageType>().Select(t => $"{t}={(int)t}")));
}
