using NSec.Cryptography;
using Skein.P2P.Errors;

namespace Skein.P2P.Noise;

/// <summary>An X25519 key pair of the handshake: made anew for each connection, never stored.</summary>
internal sealed class NoiseStaticKey : IDisposable
{
    public const int Length = 32;

    private readonly Key _key;

    private NoiseStaticKey(Key key)
    {
        _key = key;
        PublicKey = key.PublicKey.Export(KeyBlobFormat.RawPublicKey);
    }

    public byte[] PublicKey { get; }

    public static NoiseStaticKey Generate() => new(Key.Create(KeyAgreementAlgorithm.X25519));

    // For vectors.
    public static NoiseStaticKey FromPrivate(ReadOnlySpan<byte> key) => new(Key.Import(KeyAgreementAlgorithm.X25519, key, KeyBlobFormat.RawPrivateKey));

    /// <summary>The shared secret.</summary>
    /// <exception cref="P2PException"><see cref="P2PError.HandshakeFailed"/>: the other side's key is a point of small order, so the secret would be all zeros and known to everybody.</exception>
    public byte[] Agree(ReadOnlySpan<byte> publicKey)
    {
        var parameters = new SharedSecretCreationParameters { ExportPolicy = KeyExportPolicies.AllowPlaintextExport };
        if (NSec.Cryptography.PublicKey.TryImport(KeyAgreementAlgorithm.X25519, publicKey, KeyBlobFormat.RawPublicKey, out var other) && other is not null)
        {
            using var secret = KeyAgreementAlgorithm.X25519.Agree(_key, other, in parameters);
            if (secret?.Export(SharedSecretBlobFormat.RawSharedSecret) is { } raw && raw.AsSpan().ContainsAnyExcept((byte)0))
            {
                return raw;
            }
        }

        throw new P2PException(P2PError.HandshakeFailed, "The other side sent a Noise key that gives no secret.");
    }

    public void Dispose() => _key.Dispose();
}
