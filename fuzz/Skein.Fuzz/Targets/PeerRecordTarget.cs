using Skein.P2P.Identity;
using Skein.P2P.Records;

namespace Skein.Fuzz.Targets;

/// <summary>Keys, signed envelopes and the peer records in them.</summary>
[Fuzzes(typeof(PeerKey))]
[Fuzzes(typeof(PeerRecord))]
[Fuzzes(typeof(PublicKey))]
[Fuzzes(typeof(SignedEnvelope))]
public sealed class PeerRecordTarget : IFuzzTarget
{
    public string Name => "peer-record";

    public void Run(ReadOnlySpan<byte> data)
    {
        if (PublicKey.TryRead(data, out var publicKey))
        {
            FuzzCheck.Holds(publicKey.Raw.Length == PublicKey.Length, "a public key has 32 bytes");
        }

        if (PeerKey.TryRead(data, out var key))
        {
            using (key)
            {
                FuzzCheck.Holds(key.PublicKey.Verify(data, key.Sign(data)), "a key that was read signs");
            }
        }

        if (SignedEnvelope.TryRead(data, out var envelope))
        {
            FuzzCheck.Holds(SignedEnvelope.TryRead(envelope.Encode(), out var again) && again.Payload.Span.SequenceEqual(envelope.Payload.Span), "an envelope survives a second writing");
            if (PeerRecord.TryRead(envelope.Payload.Span, out var inner))
            {
                FuzzCheck.Holds(inner.Addresses.Count <= PeerRecord.MaxAddresses, "a record's addresses are bounded");
            }
        }

        PeerRecord.TryRead(data, out _);
        if (PeerRecord.TryOpen(data, out var record))
        {
            FuzzCheck.Holds(record.PeerId is not null, "an opened record names its peer");
        }
    }
}
