using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Skein.P2P.Noise;

/// <summary>ChaCha20-Poly1305 with the nonces of Noise: four zero bytes, then a 64-bit little-endian counter. Not thread-safe.</summary>
internal abstract class NoiseCipher : IDisposable
{
    /// <summary>Bytes of the tag behind each ciphertext.</summary>
    public const int TagLength = 16;

    public const int KeyLength = 32;

    protected const int NonceLength = 12;

    private ulong _counter;

    /// <summary>The number of the next message.</summary>
    public ulong Counter => _counter;

    /// <summary>The fastest that this system has: its own library, or libsodium.</summary>
    public static NoiseCipher Create(ReadOnlySpan<byte> key)
        => ChaCha20Poly1305.IsSupported ? new PlatformNoiseCipher(key) : new SodiumNoiseCipher(key);

    /// <summary>Encrypts in place: the buffer holds the plaintext and room for the tag behind it.</summary>
    public void Seal(ReadOnlySpan<byte> associated, Span<byte> buffer)
    {
        Span<byte> nonce = stackalloc byte[NonceLength];
        Next(nonce);
        SealWith(nonce, associated, buffer);
    }

    /// <summary>Decrypts in place.</summary>
    /// <param name="associated">Authenticated, not encrypted.</param>
    /// <param name="buffer">Ciphertext and tag; at least a tag long.</param>
    /// <returns>False if the tag is wrong: the connection is then lost.</returns>
    public bool TryOpen(ReadOnlySpan<byte> associated, Span<byte> buffer)
    {
        Span<byte> nonce = stackalloc byte[NonceLength];
        Next(nonce);
        return TryOpenWith(nonce, associated, buffer);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    // For tests: nobody sends 2^64 messages.
    internal void SetCounter(ulong value) => _counter = value;

    protected abstract void SealWith(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associated, Span<byte> buffer);

    protected abstract bool TryOpenWith(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associated, Span<byte> buffer);

    protected abstract void Dispose(bool disposing);

    private void Next(Span<byte> nonce)
    {
        // The last value is kept back by the specification.
        if (_counter == ulong.MaxValue)
        {
            throw new Errors.P2PException(Errors.P2PError.LimitReached, "The connection has sent all messages that its key allows; it must be closed.");
        }

        nonce.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(nonce[4..], _counter++);
    }
}
