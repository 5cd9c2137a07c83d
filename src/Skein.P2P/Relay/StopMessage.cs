using System.Diagnostics.CodeAnalysis;
using Skein.P2P.Identity;
using Skein.P2P.Wire;

namespace Skein.P2P.Relay;

/// <summary>A message between a relay and the peer at the end of a circuit (libp2p/specs, relay/circuit-v2). Immutable.</summary>
public sealed record StopMessage
{
    /// <summary>Longest message, without its length.</summary>
    public const int MaxEncoded = 4096;

    /// <summary>What it is.</summary>
    public required StopMessageType Type { get; init; }

    /// <summary>With <see cref="StopMessageType.Connect"/>: who calls, as the relay says. The handshake within the circuit proves it.</summary>
    public PeerId? Peer { get; init; }

    /// <summary>With <see cref="StopMessageType.Connect"/>: what the circuit may carry; null for no bound.</summary>
    public RelayLimit? Limit { get; init; }

    /// <summary>With <see cref="StopMessageType.Status"/>: the answer.</summary>
    public RelayStatus Status { get; init; }

    /// <summary>Reads a message. Unknown fields are skipped.</summary>
    /// <returns>False if it is malformed, too long, or has no known type.</returns>
    public static bool TryRead(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out StopMessage? message)
    {
        message = null;
        if (encoded.Length > MaxEncoded)
        {
            return false;
        }

        var reader = new ProtoReader(encoded);
        int? type = null;
        PeerId? peer = null;
        RelayLimit? limit = null;
        var status = 0;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    type = reader.ReadInt32((int)StopMessageType.Status);
                    break;
                case 2 when !RelayPeer.TryRead(reader.ReadBytes(MaxEncoded), out peer):
                case 3 when !RelayLimit.TryRead(reader.ReadBytes(MaxEncoded), out limit):
                    return false;
                case 4:
                    status = reader.ReadInt32(int.MaxValue);
                    break;
            }
        }

        if (reader.Malformed || type is null)
        {
            return false;
        }

        message = new StopMessage { Type = (StopMessageType)type, Peer = peer, Limit = limit, Status = (RelayStatus)status };
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

        if (Limit is not null)
        {
            message.Message(3, Limit.Write());
        }

        return Type == StopMessageType.Status ? message.Varint(4, (ulong)Status) : message;
    }
}
