using System.Diagnostics.CodeAnalysis;
using Skein.P2P.Identity;
using Skein.P2P.Wire;

namespace Skein.P2P.Relay;

/// <summary>A message between a peer and its relay (libp2p/specs, relay/circuit-v2). Immutable.</summary>
public sealed record HopMessage
{
    /// <summary>Longest message, without its length.</summary>
    public const int MaxEncoded = 4096;

    /// <summary>What it is.</summary>
    public required HopMessageType Type { get; init; }

    /// <summary>With <see cref="HopMessageType.Connect"/>: whom to reach.</summary>
    public PeerId? Peer { get; init; }

    /// <summary>With a good answer to <see cref="HopMessageType.Reserve"/>: the place.</summary>
    public RelayReservation? Reservation { get; init; }

    /// <summary>With a good answer: what circuits may carry; null for no bound.</summary>
    public RelayLimit? Limit { get; init; }

    /// <summary>With <see cref="HopMessageType.Status"/>: the answer. Numbers that nobody has named are kept.</summary>
    public RelayStatus Status { get; init; }

    /// <summary>Reads a message. Unknown fields are skipped.</summary>
    /// <returns>False if it is malformed, too long, or has no known type.</returns>
    public static bool TryRead(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out HopMessage? message)
    {
        message = null;
        if (encoded.Length > MaxEncoded)
        {
            return false;
        }

        var reader = new ProtoReader(encoded);
        int? type = null;
        PeerId? peer = null;
        RelayReservation? reservation = null;
        RelayLimit? limit = null;
        var status = 0;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    type = reader.ReadInt32((int)HopMessageType.Status);
                    break;
                case 2 when !RelayPeer.TryRead(reader.ReadBytes(MaxEncoded), out peer):
                case 3 when !RelayReservation.TryRead(reader.ReadBytes(MaxEncoded), out reservation):
                case 4 when !RelayLimit.TryRead(reader.ReadBytes(MaxEncoded), out limit):
                    return false;
                case 5:
                    status = reader.ReadInt32(int.MaxValue);
                    break;
            }
        }

        if (reader.Malformed || type is null)
        {
            return false;
        }

        message = new HopMessage { Type = (HopMessageType)type, Peer = peer, Reservation = reservation, Limit = limit, Status = (RelayStatus)status };
        return true;
    }

    /// <summary>Writes the message.</summary>
    public ProtoWriter Write()
    {
        var message = new ProtoWriter().Varint(1, (ulong)Type);
        if (Peer is not null)
        {
            message.Message(2, RelayPeer.Write(Peer));
        }

        if (Reservation is not null)
        {
            message.Message(3, Reservation.Write());
        }

        if (Limit is not null)
        {
            message.Message(4, Limit.Write());
        }

        return Type == HopMessageType.Status ? message.Varint(5, (ulong)Status) : message;
    }
}
