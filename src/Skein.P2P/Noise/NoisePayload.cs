using System.Diagnostics.CodeAnalysis;
using Skein.P2P.Identity;
using Skein.P2P.Wire;

namespace Skein.P2P.Noise;

/// <summary>What each side says about itself within the handshake (libp2p/specs, noise, "The libp2p Handshake Payload").</summary>
/// <param name="IdentityKey">The peer's own key.</param>
/// <param name="Signature">That key's signature over the static Noise key.</param>
/// <param name="StreamMuxers">Muxers spoken, best first; empty if they are not negotiated here.</param>
public sealed record NoisePayload(PublicKey IdentityKey, ReadOnlyMemory<byte> Signature, IReadOnlyList<string> StreamMuxers)
{
    /// <summary>Longest payload that is looked at.</summary>
    public const int MaxEncoded = 4096;

    private const int MaxMuxers = 16;
    private const int MaxMuxerName = 128;

    private static ReadOnlySpan<byte> SignaturePrefix => "noise-libp2p-static-key:"u8;

    /// <summary>Signs a static key.</summary>
    public static NoisePayload Create(PeerKey key, ReadOnlySpan<byte> staticKey, IReadOnlyList<string> muxers)
        => new(key.PublicKey, key.Sign([.. SignaturePrefix, .. staticKey]), muxers);

    /// <summary>Reads a payload, without checking its signature.</summary>
    public static bool TryRead(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out NoisePayload? payload)
    {
        payload = null;
        if (encoded.Length > MaxEncoded)
        {
            return false;
        }

        var reader = new ProtoReader(encoded);
        PublicKey? key = null;
        byte[] signature = [];
        var muxers = new List<string>();
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    if (!PublicKey.TryRead(reader.ReadBytes(PublicKey.MaxEncoded), out key))
                    {
                        return false;
                    }

                    break;
                case 2:
                    signature = reader.ReadBytes(PublicKey.MaxEncoded).ToArray();
                    break;
                case 4:
                    if (!TryReadExtensions(reader.ReadBytes(MaxEncoded), muxers))
                    {
                        return false;
                    }

                    break;
            }
        }

        payload = reader.Malformed || key is null ? null : new NoisePayload(key, signature, muxers);
        return payload is not null;
    }

    /// <summary>Whether the peer's key signed this static key.</summary>
    public bool Verify(ReadOnlySpan<byte> staticKey) => IdentityKey.Verify([.. SignaturePrefix, .. staticKey], Signature.Span);

    /// <summary>The payload as a protobuf message.</summary>
    public byte[] Encode()
    {
        var writer = new ProtoWriter().Bytes(1, IdentityKey.Encoded.Span).Bytes(2, Signature.Span);
        if (StreamMuxers.Count > 0)
        {
            var extensions = new ProtoWriter();
            foreach (var muxer in StreamMuxers)
            {
                extensions.Text(2, muxer);
            }

            writer.Message(4, extensions);
        }

        return writer.ToArray();
    }

    private static bool TryReadExtensions(ReadOnlySpan<byte> encoded, List<string> muxers)
    {
        var reader = new ProtoReader(encoded);
        while (reader.Next())
        {
            if (reader.Field != 2)
            {
                continue;
            }

            if (muxers.Count == MaxMuxers)
            {
                return false;
            }

            muxers.Add(reader.ReadString(MaxMuxerName));
        }

        return !reader.Malformed;
    }
}
