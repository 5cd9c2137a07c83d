using Skein.P2P.Addressing;
using Skein.P2P.Wire;

namespace Skein.P2P.Relay;

/// <summary>A place at a relay, in the relay's words.</summary>
/// <param name="Expires">Until when, in whole seconds.</param>
/// <param name="Addresses">Where the relay can be reached, each with its peer id and without <c>/p2p-circuit</c>; addresses of unknown kinds were skipped.</param>
/// <param name="Voucher">The relay's signature under it, sealed: see <see cref="ReservationVoucher"/>; empty if it gave none.</param>
public sealed record RelayReservation(DateTimeOffset Expires, IReadOnlyList<Multiaddr> Addresses, ReadOnlyMemory<byte> Voucher)
{
    /// <summary>Most addresses that are taken of one relay; more are a fault.</summary>
    public const int MaxAddresses = 32;

    // The last second of the year 9999: what the clock can hold.
    private const ulong MaxUnixSeconds = 253_402_300_799;

    internal static bool TryRead(ReadOnlySpan<byte> encoded, out RelayReservation? reservation)
    {
        reservation = null;
        var reader = new ProtoReader(encoded);
        ulong expires = 0;
        var count = 0;
        var addresses = new List<Multiaddr>();
        ReadOnlySpan<byte> voucher = [];
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    expires = Math.Min(reader.ReadVarint(), MaxUnixSeconds);
                    break;
                case 2:
                    var bytes = reader.ReadBytes(Multiaddr.MaxLength);
                    if (++count > MaxAddresses)
                    {
                        return false;
                    }

                    if (Multiaddr.TryRead(bytes, out var address))
                    {
                        addresses.Add(address);
                    }

                    break;
                case 3:
                    voucher = reader.ReadBytes(HopMessage.MaxEncoded);
                    break;
            }
        }

        if (reader.Malformed)
        {
            return false;
        }

        reservation = new RelayReservation(DateTimeOffset.FromUnixTimeSeconds((long)expires), addresses, voucher.ToArray());
        return true;
    }

    internal ProtoWriter Write()
    {
        var message = new ProtoWriter().Varint(1, (ulong)Expires.ToUnixTimeSeconds());
        foreach (var address in Addresses.Take(MaxAddresses))
        {
            message.Bytes(2, address.Bytes.Span);
        }

        return Voucher.IsEmpty ? message : message.Bytes(3, Voucher.Span);
    }
}
