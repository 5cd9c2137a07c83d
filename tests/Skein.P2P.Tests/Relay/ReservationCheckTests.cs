using Skein.P2P.Errors;
using Skein.P2P.Identity;
using Skein.P2P.Relay;
using Skein.P2P.Tests.Connections;
using Skein.P2P.Transports.Memory;
using Skein.P2P.Wire;
using Skein.P2P.Yamux;

namespace Skein.P2P.Tests.Relay;

/// <summary>A relay that gives places which are none.</summary>
public sealed class ReservationCheckTests
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();

    [Fact]
    public async Task Reserve_PlaceWithAVoucherForUs_IsTaken()
    {
        var place = await ReserveAsync((relay, us) => Place(Now.AddHours(1), new ReservationVoucher(relay.PeerId, us, Now.AddHours(1)).Seal(relay).Encode()));

        Assert.NotNull(place.Reservation);
    }

    [Fact]
    public Task Reserve_PlaceThatIsOver_IsRefused() => RefusedAsync((_, _) => Place(Now.AddSeconds(-1), default));

    [Fact]
    public Task Reserve_VoucherThatHasRunOut_IsRefused()
        => RefusedAsync((relay, us) => Place(Now.AddHours(1), new ReservationVoucher(relay.PeerId, us, Now.AddMinutes(-1)).Seal(relay).Encode()));

    [Fact]
    public Task Reserve_VoucherOfAnotherRelay_IsRefused() => RefusedAsync((_, us) =>
    {
        using var other = PeerKey.Generate();
        return Place(Now.AddHours(1), new ReservationVoucher(other.PeerId, us, Now.AddHours(1)).Seal(other).Encode());
    });

    [Fact]
    public Task Reserve_VoucherForSomebodyElse_IsRefused() => RefusedAsync((relay, _) =>
    {
        using var other = PeerKey.Generate();
        return Place(Now.AddHours(1), new ReservationVoucher(relay.PeerId, other.PeerId, Now.AddHours(1)).Seal(relay).Encode());
    });

    [Fact]
    public Task Reserve_VoucherWithABitFlipped_IsRefused() => RefusedAsync((relay, us) =>
    {
        var voucher = new ReservationVoucher(relay.PeerId, us, Now.AddHours(1)).Seal(relay).Encode().ToArray();
        voucher[^1] ^= 1;
        return Place(Now.AddHours(1), voucher);
    });

    private static RelayReservation Place(DateTimeOffset until, ReadOnlyMemory<byte> voucher) => new(until, [], voucher);

    private static async Task RefusedAsync(Func<PeerKey, PeerId, RelayReservation> reservation)
        => Assert.Equal(P2PError.Malformed, (await Assert.ThrowsAsync<P2PException>(() => ReserveAsync(reservation))).Error);

    private static async Task<RelayPlace> ReserveAsync(Func<PeerKey, PeerId, RelayReservation> reservation)
    {
        var network = new MemoryNetwork(TimeProvider.System);
        await using var relay = await HostFixture.StartMemoryAsync(network, "relay", TimeProvider.System);
        await using var host = await HostFixture.StartMemoryAsync(network, "host", TimeProvider.System);
        await using var client = new RelayClient(host, new RelayClientOptions(), TimeProvider.System);
        relay.Handle(RelayProtocol.HopId, StreamClass.Control, async (stream, token) =>
        {
            await RelayProtocol.ReadHopAsync(stream, token);
            await DelimitedMessages.WriteAsync(stream, new HopMessage { Type = HopMessageType.Status, Status = RelayStatus.Ok, Reservation = reservation(relay.Key, stream.Peer) }.Write(), token);
        });
        host.Peers.AddAddresses(relay.Id, relay.Addresses);
        return await client.ReserveAsync(relay.Id, None).Within("the place");
    }
}
