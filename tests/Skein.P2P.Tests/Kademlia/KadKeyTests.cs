using CsCheck;
using Skein.Core.Identity;
using Skein.P2P.Kademlia;

namespace Skein.P2P.Tests.Kademlia;

public sealed class KadKeyTests
{
    private static readonly Gen<KadKey> Keys = Gen.Byte.Array[32].Select(bytes => new KadKey(Sha256Digest.FromBytes(bytes)));

    [Fact]
    public void Of_PeerId_HashesItsBytes()
    {
        var id = TestPeers.Id(7);

        Assert.Equal(Sha256Digest.Compute(id.Bytes.Span), KadKey.Of(id).Digest);
    }

    [Fact]
    public void CommonPrefix_EqualKeys_IsAllBits()
        => Keys.Sample(key => Assert.Equal(KadKey.Bits, key.CommonPrefix(key)));

    [Fact]
    public void CommonPrefix_TwoKeys_IsSymmetricAndCountsEqualBits()
        => Gen.Select(Keys, Keys).Sample((a, b) =>
        {
            var prefix = a.CommonPrefix(b);
            Assert.Equal(prefix, b.CommonPrefix(a));
            var left = Bits(a);
            var right = Bits(b);
            Assert.Equal(left[..prefix], right[..prefix]);
            Assert.True(prefix == KadKey.Bits || left[prefix] != right[prefix]);
        });

    [Fact]
    public void CompareDistance_ThreeKeys_AgreesWithXorAsNumbers()
        => Gen.Select(Keys, Keys, Keys).Sample((target, a, b) =>
        {
            var expected = Xor(target, a).CompareTo(Xor(target, b));
            Assert.Equal(Math.Sign(expected), Math.Sign(target.CompareDistance(a, b)));
        });

    [Fact]
    public void RandomWithPrefix_AnyPrefix_SharesExactlyThatMany()
        => Gen.Select(Keys, Gen.Int[0, KadKey.Bits - 1], Gen.Int).Sample((key, prefix, seed) =>
            Assert.Equal(prefix, key.CommonPrefix(key.RandomWithPrefix(prefix, new Random(seed)))));

    private static bool[] Bits(KadKey key)
    {
        var bytes = new byte[32];
        key.Digest.CopyTo(bytes);
        return [.. bytes.SelectMany(b => Enumerable.Range(0, 8).Select(i => (b & (0x80 >> i)) != 0))];
    }

    private static System.Numerics.BigInteger Xor(KadKey a, KadKey b)
    {
        var left = new byte[32];
        var right = new byte[32];
        a.Digest.CopyTo(left);
        b.Digest.CopyTo(right);
        return new System.Numerics.BigInteger(left.Zip(right, (x, y) => (byte)(x ^ y)).ToArray(), isUnsigned: true, isBigEndian: true);
    }
}
