using Skein.P2P.Relay;

namespace Skein.Fuzz.Targets;

/// <summary>Messages of relays, both protocols, and the vouchers in them.</summary>
[Fuzzes(typeof(HopMessage))]
[Fuzzes(typeof(StopMessage))]
[Fuzzes(typeof(RelayLimit))]
[Fuzzes(typeof(RelayPeer))]
[Fuzzes(typeof(RelayProtocol))]
[Fuzzes(typeof(RelayReservation))]
[Fuzzes(typeof(ReservationVoucher))]
public sealed class RelayMessageTarget : IFuzzTarget
{
    /// <inheritdoc/>
    public string Name => "relay-message";

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<byte> data)
    {
        if (HopMessage.TryRead(data, out var hop))
        {
            FuzzCheck.Holds(hop.Reservation is not { Addresses.Count: > RelayReservation.MaxAddresses }, "no more addresses than the limit");
            FuzzCheck.Holds(hop.Write().Written.Length > HopMessage.MaxEncoded || (HopMessage.TryRead(hop.Write().Written, out var again) && again.Type == hop.Type && again.Peer == hop.Peer), "what was read can be written and read again");
            if (hop.Reservation is { } reservation)
            {
                _ = ReservationVoucher.TryOpen(reservation.Voucher.Span, out _);
            }
        }

        if (StopMessage.TryRead(data, out var stop))
        {
            FuzzCheck.Holds(StopMessage.TryRead(stop.Write().Written, out var again) && again.Type == stop.Type && again.Peer == stop.Peer, "what was read can be written and read again");
        }

        _ = ReservationVoucher.TryOpen(data, out _);
        RelayPeer.TryRead(data, out _);
        if (RelayLimit.TryRead(data, out var limit))
        {
            FuzzCheck.Holds(limit is null || (limit.Duration >= TimeSpan.Zero && limit.Data >= 0), "a limit is no less than nothing");
        }

        if (RelayReservation.TryRead(data, out var bare))
        {
            FuzzCheck.Holds(bare is not { Addresses.Count: > RelayReservation.MaxAddresses }, "no more addresses than the limit");
        }

        var script = data.ToArray();
        FuzzCheck.CompletesAtOnce(new ValueTask<HopMessage?>(RelayProtocol.ReadHopAsync(new ScriptedStream(script), CancellationToken.None)));
        FuzzCheck.CompletesAtOnce(new ValueTask<StopMessage?>(RelayProtocol.ReadStopAsync(new ScriptedStream(script), CancellationToken.None)));
    }
}
