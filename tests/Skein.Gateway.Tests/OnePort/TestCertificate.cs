using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Skein.Gateway.Tests.OnePort;

/// <summary>Certificates that sign themselves, in a folder of their own.</summary>
internal sealed class TestCertificate : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("skein-certificate-");
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _certificate;

    public TestCertificate(DateTimeOffset? until = null)
    {
        var request = new CertificateRequest("CN=localhost", _key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("gateway.example.org");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        var end = until ?? DateTimeOffset.UtcNow.AddDays(1);
        _certificate = request.CreateSelfSigned(end.AddDays(-9), end);
    }

    public string Hash => _certificate.GetCertHashString();

    /// <summary>Believes this certificate and no other.</summary>
    public bool IsThis(object sender, X509Certificate? seen, X509Chain? chain, SslPolicyErrors errors) => seen?.GetCertHashString() == Hash;

    public string CertificatePem => _certificate.ExportCertificatePem();

    public string KeyPem => _key.ExportPkcs8PrivateKeyPem();

    public byte[] Pfx(string? password = null) => _certificate.Export(X509ContentType.Pkcs12, password);

    public byte[] PfxWithoutKey()
    {
        using var bare = X509CertificateLoader.LoadCertificate(_certificate.RawData);
        return bare.Export(X509ContentType.Pkcs12);
    }

    public string Write(string name, string text)
    {
        var path = PathOf(name);
        File.WriteAllText(path, text);
        return path;
    }

    public string Write(string name, byte[] bytes)
    {
        var path = PathOf(name);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    public string PathOf(string name) => Path.Combine(_folder.FullName, name);

    public void Dispose()
    {
        _certificate.Dispose();
        _key.Dispose();
        _folder.Delete(recursive: true);
    }
}
