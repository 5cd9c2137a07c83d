using Skein.P2P.Addressing;
using Skein.P2P.Identity;
using Skein.P2P.Records;
using Skein.P2P.Wire;

namespace Skein.P2P.Tests.Records;

public sealed class PeerRecordTests
{
    private const string Vector = "0a2408011220ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c120203011a360a26002408011220ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c10011a0a0a08047f000001060fa12a401a802e532d73b794701ac00715bc641e615aeaef8eb6034086777c31c19677408910ebf226d1287112b153048be6cb62125c8cd6e1c2cefdf650c7d879525108";

    private static readonly PeerKey Key = PeerKey.FromSeed(Enumerable.Repeat((byte)7, 32).ToArray());

    [Fact]
    public void Seal_OfTheDesignsRecord_GivesTheVector()
    {
        var record = new PeerRecord(Key.PeerId, 1, [Multiaddr.Parse("/ip4/127.0.0.1/tcp/4001")]);

        Assert.Equal(Vector, Convert.ToHexStringLower(record.Seal(Key).Encode()));
    }

    [Fact]
    public void TryOpen_Vector_GivesTheRecord()
    {
        Assert.True(PeerRecord.TryOpen(Convert.FromHexString(Vector), out var record));
        Assert.Equal(Key.PeerId, record.PeerId);
        Assert.Equal(1UL, record.Sequence);
        Assert.Equal(["/ip4/127.0.0.1/tcp/4001"], record.Addresses.Select(address => address.ToString()));
    }

    [Fact]
    public void TryOpen_AnyBitFlipped_NeverGivesAnotherRecord()
    {
        var bytes = Convert.FromHexString(Vector);
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            var changed = bytes.ToArray();
            changed[bit / 8] ^= (byte)(1 << (bit % 8));

            Assert.False(PeerRecord.TryOpen(changed, out _), $"bit {bit} was flipped and nobody noticed");
        }
    }

    [Fact]
    public void TryOpen_Truncated_Refuses()
    {
        var bytes = Convert.FromHexString(Vector);
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.False(PeerRecord.TryOpen(bytes.AsSpan(0, length), out _));
        }
    }

    [Fact]
    public void TryOpen_SignedByAnotherPeer_Refuses()
    {
        using var other = PeerKey.Generate();
        var payload = new ProtoWriter().Bytes(1, Key.PeerId.Bytes.Span).Varint(2, 5);
        var forged = SignedEnvelope.Seal(other, PeerRecord.Domain, [3, 1], payload.Written);

        Assert.True(forged.Verify(PeerRecord.Domain));
        Assert.False(PeerRecord.TryOpen(forged.Encode(), out _));
        Assert.Throws<ArgumentException>(() => new PeerRecord(Key.PeerId, 1, []).Seal(other));
    }

    [Fact]
    public void TryOpen_SignedForAnotherPurpose_Refuses()
    {
        var payload = new ProtoWriter().Bytes(1, Key.PeerId.Bytes.Span).Varint(2, 5);

        Assert.False(PeerRecord.TryOpen(SignedEnvelope.Seal(Key, "libp2p-routing-state", [3, 1], payload.Written).Encode(), out _));
        Assert.False(PeerRecord.TryOpen(SignedEnvelope.Seal(Key, PeerRecord.Domain, [3, 2], payload.Written).Encode(), out _));
        Assert.True(PeerRecord.TryOpen(SignedEnvelope.Seal(Key, PeerRecord.Domain, [3, 1], payload.Written).Encode(), out _));
    }

    [Fact]
    public void TryRead_UnknownAddresses_AreSkipped()
    {
        var payload = new ProtoWriter().Bytes(1, Key.PeerId.Bytes.Span).Varint(2, 5)
            .Message(3, new ProtoWriter().Bytes(1, [0xFF, 0x7F, 1]))
            .Message(3, new ProtoWriter().Bytes(1, Multiaddr.Parse("/ip4/1.2.3.4/tcp/5").Bytes.Span));

        Assert.True(PeerRecord.TryRead(payload.Written, out var record));
        Assert.Equal(["/ip4/1.2.3.4/tcp/5"], record.Addresses.Select(address => address.ToString()));
    }

    [Fact]
    public void TryRead_TooManyAddresses_Refuses()
    {
        var payload = new ProtoWriter().Bytes(1, Key.PeerId.Bytes.Span);
        for (var i = 0; i <= PeerRecord.MaxAddresses; i++)
        {
            payload.Message(3, new ProtoWriter().Bytes(1, Multiaddr.Parse("/ip4/1.2.3.4/tcp/5").Bytes.Span));
        }

        Assert.False(PeerRecord.TryRead(payload.Written, out _));
    }
}
