using System.Diagnostics.CodeAnalysis;
using Skein.P2P.Addressing;
using Skein.P2P.Identity;
using Skein.P2P.Wire;

namespace Skein.P2P.Records;

/// <summary>Where a peer says it can be reached, signed by itself (libp2p/specs, RFC 0003). Immutable.</summary>
/// <remarks>
/// The text of RFC 0003 names the domain <c>libp2p-routing-state</c>; go-libp2p and js-libp2p use <c>libp2p-peer-record</c>, and so does Skein.
/// A receiver keeps the record with the highest <see cref="Sequence"/> and refuses all others.
/// </remarks>
/// <param name="PeerId">Whose addresses.</param>
/// <param name="Sequence">Grows with each record of the peer.</param>
/// <param name="Addresses">Where; addresses of unknown kinds were skipped.</param>
public sealed record PeerRecord(PeerId PeerId, ulong Sequence, IReadOnlyList<Multiaddr> Addresses)
{
    /// <summary>The purpose that the signature is bound to.</summary>
    public const string Domain = "libp2p-peer-record";

    /// <summary>Most addresses that are kept of one record; more are a fault.</summary>
    public const int MaxAddresses = 64;

    private static ReadOnlySpan<byte> PayloadType => [0x03, 0x01];

    /// <summary>Signs the record.</summary>
    /// <exception cref="ArgumentException">The key is not the peer's.</exception>
    public SignedEnvelope Seal(PeerKey key)
    {
        if (key.PeerId != PeerId)
        {
            throw new ArgumentException($"The record is of {PeerId}, the key of {key.PeerId}.", nameof(key));
        }

        var payload = new ProtoWriter().Bytes(1, PeerId.Bytes.Span).Varint(2, Sequence);
        foreach (var address in Addresses)
        {
            payload.Message(3, new ProtoWriter().Bytes(1, address.Bytes.Span));
        }

        return SignedEnvelope.Seal(key, Domain, PayloadType, payload.Written);
    }

    /// <summary>Reads a sealed record and checks everything: form, type, signature, and that the signer is the peer itself.</summary>
    public static bool TryOpen(ReadOnlySpan<byte> encodedEnvelope, [NotNullWhen(true)] out PeerRecord? record)
    {
        record = null;
        return SignedEnvelope.TryRead(encodedEnvelope, out var envelope) && TryOpen(envelope, out record);
    }

    /// <summary>Checks an envelope as above.</summary>
    public static bool TryOpen(SignedEnvelope envelope, [NotNullWhen(true)] out PeerRecord? record)
    {
        record = null;
        if (!envelope.PayloadType.Span.SequenceEqual(PayloadType) || !TryRead(envelope.Payload.Span, out var read)
            || read.PeerId != envelope.Signer.PeerId || !envelope.Verify(Domain))
        {
            return false;
        }

        record = read;
        return true;
    }

    /// <summary>Reads the bare record: unsigned, so nobody's word.</summary>
    public static bool TryRead(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out PeerRecord? record)
    {
        record = null;
        var reader = new ProtoReader(encoded);
        PeerId? id = null;
        ulong sequence = 0;
        var count = 0;
        var addresses = new List<Multiaddr>();
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    if (!PeerId.TryRead(reader.ReadBytes(PeerId.MaxLength), out id))
                    {
                        return false;
                    }

                    break;
                case 2:
                    sequence = reader.ReadVarint();
                    break;
                case 3:
                    if (++count > MaxAddresses || !TryReadAddress(reader.ReadBytes(Multiaddr.MaxLength + 16), addresses))
                    {
                        return false;
                    }

                    break;
            }
        }

        if (reader.Malformed || id is null)
        {
            return false;
        }

        record = new PeerRecord(id, sequence, addresses);
        return true;
    }

    private static bool TryReadAddress(ReadOnlySpan<byte> encoded, List<Multiaddr> addresses)
    {
        var reader = new ProtoReader(encoded);
        while (reader.Next())
        {
            if (reader.Field == 1 && Multiaddr.TryRead(reader.ReadBytes(Multiaddr.MaxLength), out var address))
            {
                addresses.Add(address);
            }
        }

        return !reader.Malformed;
    }
}
