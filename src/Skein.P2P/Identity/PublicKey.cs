using NSec.Cryptography;
using NSecPublicKey = NSec.Cryptography.PublicKey;

namespace Skein.P2P.Identity;

/// <summary>A peer's public key (libp2p/specs, peer-ids): Ed25519, 32 bytes. Immutable and thread-safe.</summary>
/// <remarks>Peers of the public IPFS network may have RSA or ECDSA keys; Skein's own network has Ed25519 only, which keeps peer ids short and signatures quick.</remarks>
public sealed class PublicKey : IEquatable<PublicKey>
{
    /// <summary>Longest serialised key that is looked at: an RSA key of 4096 bits takes 550 bytes.</summary>
    public const int MaxEncoded = 1024;

    /// <summary>Bytes of an Ed25519 key.</summary>
    public const int Length = 32;

    /// <summary>Bytes of an Ed25519 signature.</summary>
    public const int SignatureLength = 64;

    private readonly NSecPublicKey _key;
    private readonly byte[] _encoded;

    private PublicKey(NSecPublicKey key)
    {
        _key = key;
        _encoded = [0x08, 0x01, 0x12, 0x20, .. key.Export(KeyBlobFormat.RawPublicKey)];
        PeerId = PeerId.FromEncodedKey(_encoded);
    }

    /// <summary>The id that follows from the key.</summary>
    public PeerId PeerId { get; }

    /// <summary>The key as a protobuf message, in its one deterministic form.</summary>
    public ReadOnlyMemory<byte> Encoded => _encoded;

    /// <summary>The 32 bytes of the key.</summary>
    public ReadOnlySpan<byte> Raw => _encoded.AsSpan(4);

    /// <summary>Takes 32 raw bytes.</summary>
    public static bool TryFromRaw(ReadOnlySpan<byte> raw, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out PublicKey? key)
    {
        key = NSecPublicKey.TryImport(SignatureAlgorithm.Ed25519, raw, KeyBlobFormat.RawPublicKey, out var native) && native is not null ? new PublicKey(native) : null;
        return key is not null;
    }

    /// <summary>Reads a protobuf <c>PublicKey</c>.</summary>
    /// <returns>False if the message is malformed or the key is not Ed25519.</returns>
    public static bool TryRead(ReadOnlySpan<byte> encoded, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out PublicKey? key)
    {
        key = null;
        if (encoded.Length > MaxEncoded)
        {
            return false;
        }

        return KeyMessage.TryReadEd25519(encoded, out var data) && data.Length == Length && TryFromRaw(data, out key);
    }

    /// <summary>Checks a signature.</summary>
    public bool Verify(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
        => signature.Length == SignatureLength && SignatureAlgorithm.Ed25519.Verify(_key, message, signature);

    /// <inheritdoc/>
    public bool Equals(PublicKey? other) => other is not null && _encoded.AsSpan().SequenceEqual(other._encoded);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as PublicKey);

    /// <inheritdoc/>
    public override int GetHashCode() => PeerId.GetHashCode();

    /// <summary>The peer id.</summary>
    public override string ToString() => PeerId.ToString();
}
