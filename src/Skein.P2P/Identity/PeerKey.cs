using System.Diagnostics.CodeAnalysis;
using NSec.Cryptography;
using Skein.P2P.Wire;

namespace Skein.P2P.Identity;

/// <summary>A peer's own key: signs, and gives the peer its id. Thread-safe; the secret lies in locked memory until it is disposed.</summary>
public sealed class PeerKey : IDisposable
{
    /// <summary>Bytes of the seed.</summary>
    public const int SeedLength = 32;

    private readonly Key _key;

    private PeerKey(Key key)
    {
        _key = key;
        _ = PublicKey.TryFromRaw(key.PublicKey.Export(KeyBlobFormat.RawPublicKey), out var publicKey);
        PublicKey = publicKey!;
    }

    /// <summary>The public half.</summary>
    public PublicKey PublicKey { get; }

    /// <summary>The id that follows from the key.</summary>
    public PeerId PeerId => PublicKey.PeerId;

    /// <summary>Makes a new key from the system's random numbers.</summary>
    public static PeerKey Generate() => new(Key.Create(SignatureAlgorithm.Ed25519, Exportable()));

    /// <summary>Makes the key of a seed.</summary>
    /// <param name="seed">32 bytes.</param>
    /// <exception cref="ArgumentException">Another length.</exception>
    public static PeerKey FromSeed(ReadOnlySpan<byte> seed)
    {
        if (seed.Length != SeedLength)
        {
            throw new ArgumentException($"A seed has {SeedLength} bytes.", nameof(seed));
        }

        return new PeerKey(Key.Import(SignatureAlgorithm.Ed25519, seed, KeyBlobFormat.RawPrivateKey, Exportable()));
    }

    /// <summary>Reads a protobuf <c>PrivateKey</c>; the public half within must fit the seed.</summary>
    public static bool TryRead(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out PeerKey? key)
    {
        key = null;
        if (!KeyMessage.TryReadEd25519(encoded, out var data) || data.Length != 2 * SeedLength)
        {
            return false;
        }

        var made = FromSeed(data[..SeedLength]);
        if (!made.PublicKey.Raw.SequenceEqual(data[SeedLength..]))
        {
            made.Dispose();
            return false;
        }

        key = made;
        return true;
    }

    /// <summary>The key as a protobuf <c>PrivateKey</c>: a secret.</summary>
    public byte[] Export() => new ProtoWriter().Varint(1, (ulong)KeyType.Ed25519)
        .Bytes(2, [.. _key.Export(KeyBlobFormat.RawPrivateKey), .. PublicKey.Raw]).ToArray();

    /// <summary>Signs a message.</summary>
    /// <returns>64 bytes.</returns>
    public byte[] Sign(ReadOnlySpan<byte> message) => SignatureAlgorithm.Ed25519.Sign(_key, message);

    /// <inheritdoc/>
    public void Dispose() => _key.Dispose();

    private static KeyCreationParameters Exportable() => new() { ExportPolicy = KeyExportPolicies.AllowPlaintextExport };
}
