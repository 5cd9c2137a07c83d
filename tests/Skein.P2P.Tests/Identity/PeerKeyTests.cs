using Skein.P2P.Errors;
using Skein.P2P.Identity;

namespace Skein.P2P.Tests.Identity;

public sealed class PeerKeyTests
{
    // libp2p/specs, peer-ids, "Test vectors".
    private const string SpecPrivate = "080112407e0830617c4a7de83925dfb2694556b12936c477a0e1feb2e148ec9da60fee7d1ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e";
    private const string SpecPublic = "080112201ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e";
    private const string SpecEcdsaPublic = "0803125b3059301306072a8648ce3d020106082a8648ce3d03010703420004de3d300fa36ae0e8f5d530899d83abab44abf3161f162a4bc901d8e6ecda020e8b6d5f8da30525e71d6851510c098e5c47c646a597fb4dcec034e9f77c409e62";

    [Fact]
    public void FromSeed_OfTheDesign_GivesItsKeyAndId()
    {
        using var key = PeerKey.FromSeed(Enumerable.Repeat((byte)7, 32).ToArray());

        Assert.Equal("ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c", Convert.ToHexStringLower(key.PublicKey.Raw));
        Assert.Equal("12D3KooWRawPbxPtP1eZaJpumGnyWX2DcUyd3RQnydr3eAto4Az7", key.PeerId.ToString());
    }

    [Fact]
    public void TryRead_SpecificationsPrivateKey_GivesItsPublicKey()
    {
        Assert.True(PeerKey.TryRead(Convert.FromHexString(SpecPrivate), out var key));
        using (key)
        {
            Assert.Equal(SpecPublic, Convert.ToHexStringLower(key.PublicKey.Encoded.Span));
            Assert.Equal(SpecPrivate, Convert.ToHexStringLower(key.Export()));
            Assert.True(key.PeerId.TryGetPublicKey(out var inline));
            Assert.Equal(key.PublicKey, inline);
        }
    }

    [Fact]
    public void TryRead_PublicHalfOfAnotherKey_Refuses()
    {
        var encoded = Convert.FromHexString(SpecPrivate);
        encoded[^1] ^= 1;

        Assert.False(PeerKey.TryRead(encoded, out _));
    }

    [Fact]
    public void PublicKey_OtherKinds_AreRefused()
    {
        Assert.False(PublicKey.TryRead(Convert.FromHexString(SpecEcdsaPublic), out _));
        Assert.False(PublicKey.TryRead([], out _));
        Assert.False(PublicKey.TryRead(Convert.FromHexString(SpecPublic).AsSpan(1), out _));
    }

    [Fact]
    public void Verify_ChangedMessageKeyOrSignature_Refuses()
    {
        using var key = PeerKey.Generate();
        using var other = PeerKey.Generate();
        byte[] message = [1, 2, 3];
        var signature = key.Sign(message);

        Assert.True(key.PublicKey.Verify(message, signature));
        Assert.False(key.PublicKey.Verify([1, 2, 4], signature));
        Assert.False(other.PublicKey.Verify(message, signature));
        Assert.False(key.PublicKey.Verify(message, signature.AsSpan(1)));
        signature[5] ^= 1;
        Assert.False(key.PublicKey.Verify(message, signature));
    }

    [Fact]
    public async Task LoadOrCreate_Twice_GivesTheSameKey()
    {
        var folder = Directory.CreateTempSubdirectory("skein-key-");
        try
        {
            var path = Path.Combine(folder.FullName, "sub", "peer.key");
            using var made = await PeerKeyFile.LoadOrCreateAsync(path, CancellationToken.None);
            using var loaded = await PeerKeyFile.LoadOrCreateAsync(path, CancellationToken.None);

            Assert.Equal(made.PeerId, loaded.PeerId);
            Assert.Single(Directory.GetFiles(Path.GetDirectoryName(path)!));
            if (!OperatingSystem.IsWindows())
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
            }

            await File.WriteAllTextAsync(path, "not a key");
            var fault = await Assert.ThrowsAsync<P2PException>(() => PeerKeyFile.LoadOrCreateAsync(path, CancellationToken.None));
            Assert.Equal(P2PError.Malformed, fault.Error);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
