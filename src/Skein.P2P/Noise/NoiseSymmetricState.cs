using System.Security.Cryptography;
using Skein.P2P.Errors;

namespace Skein.P2P.Noise;

/// <summary>The symmetric state of the Noise framework, revision 34, section 5.2. Not thread-safe.</summary>
internal sealed class NoiseSymmetricState : IDisposable
{
    private const int HashLength = 32;

    private readonly byte[] _chainingKey = new byte[HashLength];
    private byte[] _hash;
    private NoiseCipher? _cipher;

    public NoiseSymmetricState(string protocolName)
    {
        var name = System.Text.Encoding.ASCII.GetBytes(protocolName);
        _hash = new byte[HashLength];
        if (name.Length <= HashLength)
        {
            name.CopyTo(_hash, 0);
        }
        else
        {
            SHA256.HashData(name, _hash);
        }

        _hash.CopyTo(_chainingKey, 0);
    }

    public ReadOnlySpan<byte> Hash => _hash;

    public void MixHash(ReadOnlySpan<byte> data) => _hash = SHA256.HashData([.. _hash, .. data]);

    public void MixKey(ReadOnlySpan<byte> secret)
    {
        Span<byte> key = stackalloc byte[HashLength];
        Expand(secret, _chainingKey, key);
        _cipher?.Dispose();
        _cipher = NoiseCipher.Create(key);
        CryptographicOperations.ZeroMemory(key);
    }

    public byte[] EncryptAndHash(ReadOnlySpan<byte> plaintext)
    {
        byte[] output = _cipher is null ? plaintext.ToArray() : [.. plaintext, .. stackalloc byte[NoiseCipher.TagLength]];
        _cipher?.Seal(_hash, output);
        MixHash(output);
        return output;
    }

    public byte[] DecryptAndHash(ReadOnlySpan<byte> ciphertext)
    {
        var output = ciphertext.ToArray();
        var associated = _hash;
        MixHash(ciphertext);
        if (_cipher is null)
        {
            return output;
        }

        if (output.Length < NoiseCipher.TagLength || !_cipher.TryOpen(associated, output))
        {
            throw new P2PException(P2PError.HandshakeFailed, "A message of the Noise handshake was changed on the way, or is of another handshake.");
        }

        return output[..^NoiseCipher.TagLength];
    }

    /// <summary>The keys of the two directions: the initiator's first.</summary>
    public (NoiseCipher Initiator, NoiseCipher Responder) Split()
    {
        Span<byte> first = stackalloc byte[HashLength];
        Span<byte> second = stackalloc byte[HashLength];
        Expand([], first, second);
        var pair = (NoiseCipher.Create(first), NoiseCipher.Create(second));
        CryptographicOperations.ZeroMemory(first);
        CryptographicOperations.ZeroMemory(second);
        return pair;
    }

    public void Dispose()
    {
        _cipher?.Dispose();
        CryptographicOperations.ZeroMemory(_chainingKey);
    }

    // HKDF with two outputs.
    private void Expand(ReadOnlySpan<byte> secret, Span<byte> first, Span<byte> second)
    {
        Span<byte> temporary = stackalloc byte[HashLength];
        HMACSHA256.HashData(_chainingKey, secret, temporary);
        Span<byte> input = stackalloc byte[HashLength + 1];
        Span<byte> one = stackalloc byte[HashLength];
        HMACSHA256.HashData(temporary, [1], one);
        one.CopyTo(input);
        input[HashLength] = 2;
        HMACSHA256.HashData(temporary, input, second);
        one.CopyTo(first);
        CryptographicOperations.ZeroMemory(temporary);
    }
}
