using System.Diagnostics.CodeAnalysis;
using Skein.P2P.Identity;
using Skein.P2P.Wire;

namespace Skein.P2P.Records;

/// <summary>Bytes signed by a peer for one purpose (libp2p/specs, RFC 0002). Immutable and thread-safe.</summary>
/// <remarks>A signature is bound to a domain text that never travels, so that a record of one kind cannot pass for another. Reading does not verify: call <see cref="Verify"/>.</remarks>
public sealed class SignedEnvelope
{
    /// <summary>Longest envelope that is read; a peer record of 30 addresses takes 1.5 KiB.</summary>
    public const int MaxEncoded = 16 * 1024;

    private const int MaxPayloadType = 64;

    private SignedEnvelope(PublicKey signer, byte[] payloadType, byte[] payload, byte[] signature)
    {
        Signer = signer;
        PayloadType = payloadType;
        Payload = payload;
        Signature = signature;
    }

    /// <summary>Who signed.</summary>
    public PublicKey Signer { get; }

    /// <summary>What the payload is; a multicodec or a path.</summary>
    public ReadOnlyMemory<byte> PayloadType { get; }

    /// <summary>What was signed.</summary>
    public ReadOnlyMemory<byte> Payload { get; }

    /// <summary>The signature: 64 bytes.</summary>
    public ReadOnlyMemory<byte> Signature { get; }

    /// <summary>Signs a payload.</summary>
    public static SignedEnvelope Seal(PeerKey key, string domain, ReadOnlySpan<byte> payloadType, ReadOnlySpan<byte> payload)
        => new(key.PublicKey, payloadType.ToArray(), payload.ToArray(), key.Sign(SignedBytes(domain, payloadType, payload)));

    /// <summary>Reads an envelope, without checking its signature.</summary>
    public static bool TryRead(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out SignedEnvelope? envelope)
    {
        envelope = null;
        if (encoded.Length > MaxEncoded)
        {
            return false;
        }

        var reader = new ProtoReader(encoded);
        PublicKey? signer = null;
        ReadOnlySpan<byte> payloadType = [], payload = [], signature = [];
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    if (!PublicKey.TryRead(reader.ReadBytes(PublicKey.MaxEncoded), out signer))
                    {
                        return false;
                    }

                    break;
                case 2:
                    payloadType = reader.ReadBytes(MaxPayloadType);
                    break;
                case 3:
                    payload = reader.ReadBytes(MaxEncoded);
                    break;
                case 5:
                    signature = reader.ReadBytes(PublicKey.SignatureLength);
                    break;
            }
        }

        if (reader.Malformed || signer is null || signature.Length != PublicKey.SignatureLength)
        {
            return false;
        }

        envelope = new SignedEnvelope(signer, payloadType.ToArray(), payload.ToArray(), signature.ToArray());
        return true;
    }

    /// <summary>Whether the signer signed this payload for this purpose.</summary>
    public bool Verify(string domain) => Signer.Verify(SignedBytes(domain, PayloadType.Span, Payload.Span), Signature.Span);

    /// <summary>The envelope as a protobuf message.</summary>
    public byte[] Encode() => new ProtoWriter().Bytes(1, Signer.Encoded.Span).Bytes(2, PayloadType.Span).Bytes(3, Payload.Span).Bytes(5, Signature.Span).ToArray();

    // Each part behind its length as a uvarint.
    private static byte[] SignedBytes(string domain, ReadOnlySpan<byte> payloadType, ReadOnlySpan<byte> payload)
    {
        var name = System.Text.Encoding.UTF8.GetBytes(domain);
        var bytes = new byte[name.Length + payloadType.Length + payload.Length + (3 * Uvarint.MaxLength)];
        var at = 0;
        at = Append(bytes, at, name);
        at = Append(bytes, at, payloadType);
        at = Append(bytes, at, payload);
        return bytes[..at];
    }

    private static int Append(byte[] bytes, int at, ReadOnlySpan<byte> part)
    {
        at += Uvarint.Write(bytes.AsSpan(at), (ulong)part.Length);
        part.CopyTo(bytes.AsSpan(at));
        return at + part.Length;
    }
}
