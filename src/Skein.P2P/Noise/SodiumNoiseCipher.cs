using NSec.Cryptography;

namespace Skein.P2P.Noise;

/// <summary>libsodium's implementation, where the operating system has none.</summary>
internal sealed class SodiumNoiseCipher(ReadOnlySpan<byte> key) : NoiseCipher
{
    private readonly Key _key = Key.Import(AeadAlgorithm.ChaCha20Poly1305, key, KeyBlobFormat.RawSymmetricKey);

    protected override void SealWith(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associated, Span<byte> buffer)
        => AeadAlgorithm.ChaCha20Poly1305.Encrypt(_key, nonce, associated, buffer[..^TagLength], buffer);

    protected override bool TryOpenWith(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associated, Span<byte> buffer)
        => AeadAlgorithm.ChaCha20Poly1305.Decrypt(_key, nonce, associated, buffer, buffer[..^TagLength]);

    protected override void Dispose(bool disposing) => _key.Dispose();
}
