using CsCheck;
using Skein.P2P.Addressing;
using Skein.P2P.Identity;
using Skein.P2P.Relay;

namespace Skein.P2P.Tests.Relay;

public sealed class RelayMessageTests
{
    private static readonly PeerKey Key = PeerKey.FromSeed(Enumerable.Repeat((byte)7, 32).ToArray());

    [Fact]
    public void Messages_AsBytes_AreThoseOfTheSpecification()
    {
        var id = Convert.ToHexStringLower(Key.PeerId.Bytes.Span);
        var limit = new RelayLimit(TimeSpan.FromMinutes(2), 131072);

        Assert.Equal("0800", Hex(new HopMessage { Type = HopMessageType.Reserve }));
        Assert.Equal("080112280a26" + id, Hex(new HopMessage { Type = HopMessageType.Connect, Peer = Key.PeerId }));
        Assert.Equal("0802" + "2206087810808008" + "2864", Hex(new HopMessage { Type = HopMessageType.Status, Status = RelayStatus.Ok, Limit = limit }));
        Assert.Equal("080228cc01", Hex(new HopMessage { Type = HopMessageType.Status, Status = RelayStatus.NoReservation }));
        Assert.Equal("080012280a26" + id + "1a06087810808008", Convert.ToHexStringLower(new StopMessage { Type = StopMessageType.Connect, Peer = Key.PeerId, Limit = limit }.Write().Written));
        Assert.Equal("08012064", Convert.ToHexStringLower(new StopMessage { Type = StopMessageType.Status, Status = RelayStatus.Ok }.Write().Written));
    }

    [Fact]
    public void Messages_Written_AreReadAsTheyWere()
    {
        var voucher = new ReservationVoucher(Key.PeerId, Key.PeerId, DateTimeOffset.FromUnixTimeSeconds(1_900_000_000)).Seal(Key).Encode();
        var sent = new HopMessage
        {
            Type = HopMessageType.Status,
            Status = RelayStatus.Ok,
            Limit = new RelayLimit(TimeSpan.FromSeconds(3600), 4L << 30),
            Reservation = new RelayReservation(DateTimeOffset.FromUnixTimeSeconds(1_900_000_000), [Multiaddr.Parse("/ip4/1.2.3.4/tcp/1")], voucher),
        };

        Assert.True(HopMessage.TryRead(sent.Write().Written, out var read));
        Assert.Equal((sent.Type, sent.Status, sent.Limit), (read.Type, read.Status, read.Limit));
        Assert.Equal(sent.Reservation.Expires, read.Reservation!.Expires);
        Assert.Equal(sent.Reservation.Addresses, read.Reservation.Addresses);
        Assert.True(ReservationVoucher.TryOpen(read.Reservation.Voucher.Span, out var opened));
        Assert.Equal(Key.PeerId, opened.Relay);
        Assert.Equal(1_900_000_000, opened.Expires.ToUnixTimeSeconds());
        Assert.InRange(sent.Write().Written.Length, 1, HopMessage.MaxEncoded);
    }

    [Fact]
    public void Voucher_SignedByAnotherOrForAnotherPurpose_IsRefused()
    {
        using var other = PeerKey.Generate();
        var voucher = new ReservationVoucher(Key.PeerId, other.PeerId, DateTimeOffset.FromUnixTimeSeconds(1_900_000_000));
        Assert.Throws<ArgumentException>(() => voucher.Seal(other));
        var good = voucher.Seal(Key).Encode();
        Assert.True(ReservationVoucher.TryOpen(good, out _));
        for (var i = 0; i < good.Length; i++)
        {
            var bad = good.ToArray();
            bad[i] ^= 1;
            Assert.False(ReservationVoucher.TryOpen(bad, out _), $"byte {i} changed");
        }

        var record = new Skein.P2P.Records.PeerRecord(Key.PeerId, 1, []).Seal(Key).Encode();
        Assert.False(ReservationVoucher.TryOpen(record, out _));
    }

    [Theory]
    [InlineData("")] // no type
    [InlineData("0803")] // a type that nobody has named
    [InlineData("08")] // cut
    [InlineData("0801120a0a08deadbeefdeadbeef")] // a peer id that is none
    [InlineData("08011200")] // a peer without its id
    [InlineData("08022205087810ff")] // a limit that is cut
    public void HopMessage_Malformed_IsRefused(string hex) => Assert.False(HopMessage.TryRead(Convert.FromHexString(hex), out _));

    [Fact]
    public void HopMessage_TooLongOrTooManyAddresses_IsRefused()
    {
        Assert.False(HopMessage.TryRead(new byte[HopMessage.MaxEncoded + 1], out _));
        Assert.False(StopMessage.TryRead(new byte[StopMessage.MaxEncoded + 1], out _));
        byte[] reservation = [.. Enumerable.Repeat(new byte[] { 0x12, 0x03, 0x04, 0x01, 0x02 }, RelayReservation.MaxAddresses + 1).SelectMany(bytes => bytes)];
        Assert.False(HopMessage.TryRead([0x08, 0x02, 0x1a, (byte)(reservation.Length | 0x80), 0x01, .. reservation], out _));
    }

    [Fact]
    public void Messages_AnyBytes_NeverThrow() => Gen.Byte.Array[0, 200].Sample(bytes =>
    {
        _ = HopMessage.TryRead(bytes, out _);
        _ = StopMessage.TryRead(bytes, out _);
        _ = ReservationVoucher.TryOpen(bytes, out _);
    });

    [Fact]
    public void Status_Numbers_AreFrozen()
        => Assert.Equal([0, 100, 200, 201, 202, 203, 204, 400, 401], Enum.GetValues<RelayStatus>().Select(status => (int)status));

    [Fact]
    public void CircuitAddress_ThroughOneRelay_IsTakenApart()
    {
        var relay = Key.PeerId;
        var whole = Multiaddr.Parse($"/ip4/1.2.3.4/tcp/1/p2p/{relay}/p2p-circuit/p2p/{relay}");
        Assert.True(CircuitAddress.TryRead(whole, out var circuit));
        Assert.Equal(("/ip4/1.2.3.4/tcp/1", relay, relay), (circuit.RelayAddress!.ToString(), circuit.Relay, circuit.Target));
        Assert.True(CircuitAddress.TryRead(Multiaddr.Parse($"/p2p/{relay}/p2p-circuit"), out circuit));
        Assert.Null(circuit.RelayAddress);
        Assert.Null(circuit.Target);
        Assert.False(CircuitAddress.TryRead(Multiaddr.Parse($"/ip4/1.2.3.4/tcp/1/p2p/{relay}/p2p-circuit/p2p/{relay}/p2p-circuit"), out _));
        Assert.False(CircuitAddress.TryRead(Multiaddr.Parse("/ip4/1.2.3.4/tcp/1/p2p-circuit"), out _));
        Assert.False(CircuitAddress.TryRead(Multiaddr.Parse($"/ip4/1.2.3.4/tcp/1/p2p/{relay}"), out _));
        Assert.Equal(whole, CircuitAddress.Through(circuit?.RelayAddress ?? Multiaddr.Parse("/ip4/1.2.3.4/tcp/1"), relay).WithPeerId(relay));
    }

    private static string Hex(HopMessage message) => Convert.ToHexStringLower(message.Write().Written);
}
