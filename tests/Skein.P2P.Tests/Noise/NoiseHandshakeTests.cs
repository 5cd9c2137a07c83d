using Skein.P2P.Errors;
using Skein.P2P.Noise;

namespace Skein.P2P.Tests.Noise;

/// <summary>The pattern against messages that @libp2p/noise 17.0.3 made of the same keys.</summary>
public sealed class NoiseHandshakeTests
{
    private const string First = "ce8d3ad1ccb633ec7b70c17814a5c76ecd029685050d344745ba05870e587d59";
    private const string Second = "ac01b2209e86354fb853237b5de0f4fab13c7fcbf433a61c019369617fecf10bb719b14d19eaf5ca91c89748c5ce8668e6864f05ee2367682b3e0c2fd086f0b4f64162733f3fe548251c518fe8c03cced86cd812e317f9705ead84eadcd2aef973a19e619104791b73380393a079392c3b";
    private const string Third = "539a5cf3ae8a0a9134b32bfa775a1522db3558a1351ed4101989b8b88aa6a6f0e995a5273c343d1c35f005c662c3cc142e0cdd5fc8f6a9e718bbfa74549af89902beac6d79d1861d9fdc5b380f5aa7aead";
    private const string Hash = "b13f89e67c0facbb458c66755001df45267e247a0a4ed532690946f297bd8be0";

    [Fact]
    public void Handshake_WithFixedKeys_GivesTheVectors()
    {
        using var initiator = Side(true, 1, 2);
        using var responder = Side(false, 3, 4);

        var first = initiator.Write([]);
        Assert.Empty(responder.Read(first));
        var second = responder.Write("responder payload"u8);
        Assert.Equal("responder payload"u8, initiator.Read(second));
        var third = initiator.Write("initiator payload"u8);
        Assert.Equal("initiator payload"u8, responder.Read(third));

        Assert.Equal(First, Convert.ToHexStringLower(first));
        Assert.Equal(Second, Convert.ToHexStringLower(second));
        Assert.Equal(Third, Convert.ToHexStringLower(third));
        Assert.Equal(Hash, Convert.ToHexStringLower(initiator.Hash));
        Assert.Equal(Hash, Convert.ToHexStringLower(responder.Hash));
        Assert.Equal(responder.LocalStatic, initiator.RemoteStatic);
        Assert.Equal(initiator.LocalStatic, responder.RemoteStatic);

        var (send, receive) = initiator.Split();
        Assert.Equal("fbc4e3d3b58453f209a8b043f4d952fbed95175449", Seal(send, "first"));
        Assert.Equal("d3c05451ea4d55b1adfd4b088d934320a83337d8e503", Seal(send, "second"));
        var back = Convert.FromHexString("fa9a1ad88ed5593f5c12666fea977ae42b5d649f");
        Assert.True(receive.TryOpen([], back));
        Assert.Equal("back"u8, back.AsSpan(0, 4));
    }

    [Fact]
    public void Read_AnyByteOfTheSecondMessageChanged_Fails()
    {
        var message = Convert.FromHexString(Second);
        for (var i = 0; i < message.Length; i++)
        {
            using var initiator = Side(true, 1, 2);
            initiator.Write([]);
            var changed = message.ToArray();
            changed[i] ^= 1;

            var fault = Assert.Throws<P2PException>(() => initiator.Read(changed));
            Assert.Equal(P2PError.HandshakeFailed, fault.Error);
        }
    }

    [Fact]
    public void Read_Truncated_Fails()
    {
        var message = Convert.FromHexString(Second);
        for (var length = 0; length < message.Length; length++)
        {
            using var initiator = Side(true, 1, 2);
            initiator.Write([]);

            Assert.Throws<P2PException>(() => initiator.Read(message.AsSpan(0, length)));
        }
    }

    [Theory]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")]
    [InlineData("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157")]
    public void Write_AgainstAKeyOfSmallOrder_RefusesTheSecret(string ephemeral)
    {
        using var responder = Side(false, 3, 4);
        responder.Read(Convert.FromHexString(ephemeral));

        Assert.Equal(P2PError.HandshakeFailed, Assert.Throws<P2PException>(() => responder.Write([])).Error);
    }

    [Fact]
    public void Write_OutOfTurn_IsRefused()
    {
        using var responder = Side(false, 3, 4);

        Assert.Throws<InvalidOperationException>(() => responder.Write([]));
        Assert.Throws<InvalidOperationException>(() => responder.Split());
    }

    [Fact]
    public void Ciphers_OfBothLibraries_Agree()
    {
        var key = Enumerable.Range(0, 32).Select(i => (byte)i).ToArray();
        using NoiseCipher platform = new PlatformNoiseCipher(key), sodium = new SodiumNoiseCipher(key), other = new SodiumNoiseCipher(key);
        var a = new byte[100 + NoiseCipher.TagLength];
        var b = a.ToArray();

        platform.Seal([1, 2], a);
        sodium.Seal([1, 2], b);

        Assert.Equal(a, b);
        Assert.False(other.TryOpen([1, 3], b.ToArray()));
        other.SetCounter(0);
        Assert.True(other.TryOpen([1, 2], a));
        Assert.Equal(new byte[100], a[..100]);
    }

    [Fact]
    public void Seal_AfterTheLastNonce_Refuses()
    {
        using var cipher = NoiseCipher.Create(new byte[32]);
        cipher.SetCounter(ulong.MaxValue - 1);
        cipher.Seal([], new byte[16]);

        Assert.Equal(P2PError.LimitReached, Assert.Throws<P2PException>(() => cipher.Seal([], new byte[16])).Error);
    }

    private static NoiseHandshake Side(bool initiator, byte staticKey, byte ephemeral)
        => new(initiator, Key(staticKey), Key(ephemeral));

    private static NoiseStaticKey Key(byte value) => NoiseStaticKey.FromPrivate(Enumerable.Repeat(value, 32).ToArray());

    private static string Seal(NoiseCipher cipher, string text)
    {
        byte[] buffer = [.. System.Text.Encoding.ASCII.GetBytes(text), .. new byte[NoiseCipher.TagLength]];
        cipher.Seal([], buffer);
        return Convert.ToHexStringLower(buffer);
    }
}
