using System.Numerics;
using Skein.Core.Identity;
using Skein.P2P.Identity;

namespace Skein.P2P.Kademlia;

/// <summary>A point of the key space: SHA-256 of a record key or of a peer id's bytes (libp2p/specs, kad-dht, "Distance").</summary>
/// <param name="Digest">The point.</param>
public readonly record struct KadKey(Sha256Digest Digest)
{
    /// <summary>Bits of a key.</summary>
    public const int Bits = 256;

    /// <summary>The point of a peer.</summary>
    public static KadKey Of(PeerId peer) => new(Sha256Digest.Compute(peer.Bytes.Span));

    /// <summary>The point of a record key.</summary>
    public static KadKey Of(ReadOnlySpan<byte> recordKey) => new(Sha256Digest.Compute(recordKey));

    /// <summary>How many leading bits two points share: 0 to <see cref="Bits"/>.</summary>
    public int CommonPrefix(KadKey other)
    {
        Span<byte> left = stackalloc byte[Sha256Digest.Size];
        Span<byte> right = stackalloc byte[Sha256Digest.Size];
        Digest.CopyTo(left);
        other.Digest.CopyTo(right);
        for (var i = 0; i < left.Length; i++)
        {
            if (left[i] != right[i])
            {
                return (8 * i) + BitOperations.LeadingZeroCount((uint)(left[i] ^ right[i])) - 24;
            }
        }

        return Bits;
    }

    /// <summary>Orders two points by their XOR distance from this one: negative when <paramref name="left"/> is nearer.</summary>
    public int CompareDistance(KadKey left, KadKey right)
    {
        Span<byte> from = stackalloc byte[Sha256Digest.Size];
        Span<byte> a = stackalloc byte[Sha256Digest.Size];
        Span<byte> b = stackalloc byte[Sha256Digest.Size];
        Digest.CopyTo(from);
        left.Digest.CopyTo(a);
        right.Digest.CopyTo(b);
        for (var i = 0; i < from.Length; i++)
        {
            var difference = (a[i] ^ from[i]) - (b[i] ^ from[i]);
            if (difference != 0)
            {
                return difference;
            }
        }

        return 0;
    }

    /// <summary>A random point that shares exactly <paramref name="prefix"/> leading bits with this one: the target that refreshes one bucket.</summary>
    public KadKey RandomWithPrefix(int prefix, Random random)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(prefix);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(prefix, Bits);
        Span<byte> own = stackalloc byte[Sha256Digest.Size];
        Span<byte> made = stackalloc byte[Sha256Digest.Size];
        Digest.CopyTo(own);
        random.NextBytes(made);
        for (var bit = 0; bit <= prefix; bit++)
        {
            var mask = (byte)(0x80 >> (bit % 8));
            var ownBit = own[bit / 8] & mask;
            var wanted = bit == prefix ? ownBit ^ mask : ownBit;
            made[bit / 8] = (byte)((made[bit / 8] & ~mask) | wanted);
        }

        return new KadKey(Sha256Digest.FromBytes(made));
    }
}
