using Skein.Gateway.OnePort;

namespace Skein.Gateway.Tests.OnePort;

public sealed class GatewayCertificateTests
{
    [Theory]
    [InlineData("pem", false)]
    [InlineData("pem", true)]
    [InlineData("pfx", false)]
    public void Load_WithItsKey_IsTaken(string kind, bool keyApart)
    {
        using var made = new TestCertificate();
        var file = kind == "pfx" ? made.Write("a.pfx", made.Pfx()) : made.Write("a.pem", keyApart ? made.CertificatePem : made.CertificatePem + "\n" + made.KeyPem);
        var keyFile = keyApart ? made.Write("a.key", made.KeyPem) : null;

        Assert.True(GatewayCertificate.TryLoad(file, keyFile, TimeProvider.System, out var certificate, out var fault), fault);

        using (certificate)
        {
            Assert.True(certificate.Leaf.HasPrivateKey);
            Assert.Equal(made.Hash, certificate.Leaf.GetCertHashString());
            Assert.Equal("gateway.example.org", certificate.Name);
            Assert.Empty(certificate.Chain);
        }
    }

    [Fact]
    public void Load_ChainInTheFile_IsKept()
    {
        using var made = new TestCertificate();
        using var above = new TestCertificate();
        var file = made.Write("a.pem", $"{made.CertificatePem}\n{above.CertificatePem}\n{made.KeyPem}");

        Assert.True(GatewayCertificate.TryLoad(file, null, TimeProvider.System, out var certificate, out var fault), fault);

        using (certificate)
        {
            Assert.Equal(made.Hash, certificate.Leaf.GetCertHashString());
            Assert.Equal(above.Hash, Assert.Single(certificate.Chain).GetCertHashString());
        }
    }

    [Fact]
    public void Load_WhatCannotBe_SaysWhatToDo()
    {
        using var made = new TestCertificate();
        using var other = new TestCertificate();
        using var old = new TestCertificate(DateTimeOffset.UtcNow.AddDays(-1));
        var pem = made.Write("a.pem", made.CertificatePem);
        (string File, string? Key, string Expected)[] cases =
        [
            (made.PathOf("nothing.pem"), null, "nothing.pem"),
            (pem, null, "--certificate-key"),
            (pem, made.Write("other.key", other.KeyPem), "other.key holds no private key"),
            (pem, made.PathOf("nothing.key"), "nothing.key"),
            (made.Write("secret.pfx", made.Pfx("secret")), null, "openssl pkcs12"),
            (made.Write("bare.pfx", made.PfxWithoutKey()), null, "holds no private key: export"),
            (made.Write("a.pfx", made.Pfx()), pem, "leave it away"),
            (made.Write("empty.pem", string.Empty), null, "neither PEM nor PKCS #12"),
            (made.Write("garbage.pfx", [1, 2, 3]), null, "neither PEM nor PKCS #12"),
            (made.Write("large.pem", new byte[2 * 1024 * 1024]), null, "no certificate"),
            (made.Write("old.pfx", old.Pfx()), null, "renew it"),
            (made.Write("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"), null, "--certificate-key"),
        ];

        Assert.All(cases, one =>
        {
            Assert.False(GatewayCertificate.TryLoad(one.File, one.Key, TimeProvider.System, out var certificate, out var fault));
            Assert.Null(certificate);
            Assert.Contains(one.Expected, fault, StringComparison.Ordinal);
        });
    }
}
