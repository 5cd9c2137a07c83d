using System.Diagnostics.CodeAnalysis;
using Skein.P2P.Identity;
using Skein.P2P.Records;
using Skein.P2P.Wire;

namespace Skein.P2P.Relay;

/// <summary>A relay's signed word that it serves a peer (libp2p/specs, relay/circuit-v2). Immutable.</summary>
/// <param name="Relay">Who relays: the signer.</param>
/// <param name="Peer">For whom.</param>
/// <param name="Expires">Until when, in whole seconds.</param>
public sealed record ReservationVoucher(PeerId Relay, PeerId Peer, DateTimeOffset Expires)
{
    /// <summary>The purpose that the signature is bound to.</summary>
    public const string Domain = "libp2p-relay-rsvp";

    private static ReadOnlySpan<byte> PayloadType => [0x03, 0x02];

    /// <summary>Reads a sealed voucher and checks form, type, signature, and that the signer is the relay.</summary>
    /// <remarks>Whether it is still valid, and for whom, the caller looks at.</remarks>
    public static bool TryOpen(ReadOnlySpan<byte> encodedEnvelope, [NotNullWhen(true)] out ReservationVoucher? voucher)
    {
        voucher = null;
        if (!SignedEnvelope.TryRead(encodedEnvelope, out var envelope) || !envelope.PayloadType.Span.SequenceEqual(PayloadType)
            || !TryRead(envelope.Payload.Span, out var read) || read.Relay != envelope.Signer.PeerId || !envelope.Verify(Domain))
        {
            return false;
        }

        voucher = read;
        return true;
    }

    /// <summary>Signs the voucher.</summary>
    /// <exception cref="ArgumentException">The key is not the relay's.</exception>
    public SignedEnvelope Seal(PeerKey key)
    {
        if (key.PeerId != Relay)
        {
            throw new ArgumentException($"The voucher is of {Relay}, the key of {key.PeerId}.", nameof(key));
        }

        return SignedEnvelope.Seal(key, Domain, PayloadType, new ProtoWriter().Bytes(1, Relay.Bytes.Span).Bytes(2, Peer.Bytes.Span).Varint(3, (ulong)Expires.ToUnixTimeSeconds()).Written);
    }

    private static bool TryRead(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out ReservationVoucher? voucher)
    {
        voucher = null;
        var reader = new ProtoReader(encoded);
        PeerId? relay = null;
        PeerId? peer = null;
        ulong expires = 0;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1 when !PeerId.TryRead(reader.ReadBytes(PeerId.MaxLength), out relay):
                case 2 when !PeerId.TryRead(reader.ReadBytes(PeerId.MaxLength), out peer):
                    return false;
                case 3:
                    expires = reader.ReadVarint();
                    break;
            }
        }

        if (reader.Malformed || relay is null || peer is null || expires > (ulong)DateTimeOffset.MaxValue.ToUnixTimeSeconds())
        {
            return false;
        }

        voucher = new ReservationVoucher(relay, peer, DateTimeOffset.FromUnixTimeSeconds((long)expires));
        return true;
    }
}
