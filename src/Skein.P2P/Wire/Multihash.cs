using System.Security.Cryptography;

namespace Skein.P2P.Wire;

/// <summary>Hashes that name their own function: code, length, digest (multiformats/multihash).</summary>
public static class Multihash
{
    /// <summary>Not a hash at all: the bytes themselves.</summary>
    public const ulong Identity = 0x00;

    /// <summary>SHA-256.</summary>
    public const ulong Sha256 = 0x12;

    /// <summary>Longest digest that is accepted: that of SHA-512.</summary>
    public const int MaxDigest = 64;

    /// <summary>Hashes bytes with SHA-256 and names the function.</summary>
    public static byte[] OfSha256(ReadOnlySpan<byte> bytes)
    {
        var hash = new byte[34];
        hash[0] = (byte)Sha256;
        hash[1] = 32;
        SHA256.HashData(bytes, hash.AsSpan(2));
        return hash;
    }

    /// <summary>Wraps bytes as they are.</summary>
    /// <param name="bytes">At most <see cref="MaxDigest"/> bytes.</param>
    public static byte[] OfIdentity(ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes.Length, MaxDigest);
        return [(byte)Identity, (byte)bytes.Length, .. bytes];
    }

    /// <summary>Takes a multihash apart; it must fill the source exactly.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out ulong code, out ReadOnlySpan<byte> digest)
    {
        digest = [];
        if (!Uvarint.TryRead(source, out code, out var codeLength)
            || !Uvarint.TryRead(source[codeLength..], out var length, out var lengthLength)
            || length > MaxDigest || (int)length != source.Length - codeLength - lengthLength)
        {
            return false;
        }

        digest = source[(codeLength + lengthLength)..];
        return true;
    }
}
