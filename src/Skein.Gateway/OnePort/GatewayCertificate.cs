using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Skein.Gateway.OnePort;

/// <summary>What a gateway shows to those who come by TLS. Immutable; disposing it frees its keys.</summary>
public sealed class GatewayCertificate : IDisposable
{
    // Far more than a chain of certificates and a key; whatever is larger is something else.
    private const long MaxBytes = 1024 * 1024;

    private GatewayCertificate(X509Certificate2 leaf, X509Certificate2Collection chain)
    {
        Leaf = leaf;
        Chain = chain;
        Name = leaf.GetNameInfo(X509NameType.DnsName, forIssuer: false);
        Until = new DateTimeOffset(leaf.NotAfter.ToUniversalTime());
    }

    /// <summary>The certificate with its private key.</summary>
    public X509Certificate2 Leaf { get; }

    /// <summary>Those that stand between it and an authority that clients know; may be empty.</summary>
    public X509Certificate2Collection Chain { get; }

    /// <summary>The first name that it is for; may be empty.</summary>
    public string Name { get; }

    /// <summary>The end of its time.</summary>
    public DateTimeOffset Until { get; }

    /// <summary>Reads a certificate with its private key: PKCS #12 (<c>.pfx</c>, <c>.p12</c>), or PEM with the key in the same file or another.</summary>
    /// <param name="file">The certificate, and those between it and an authority if there are any.</param>
    /// <param name="keyFile">The private key in PEM; null if it is in <paramref name="file"/>.</param>
    /// <param name="time">Tells whether it has expired.</param>
    /// <param name="certificate">What was read; the caller disposes it.</param>
    /// <param name="fault">What is wrong and what to do, for people; null if nothing is.</param>
    public static bool TryLoad(string file, string? keyFile, TimeProvider time, [NotNullWhen(true)] out GatewayCertificate? certificate, [NotNullWhen(false)] out string? fault)
    {
        certificate = null;
        try
        {
            fault = TooLarge(file) ?? (keyFile is null ? null : TooLarge(keyFile));
            if (fault is not null)
            {
                return false;
            }

            certificate = IsPem(file) ? LoadPem(file, keyFile) : LoadPkcs12(file, keyFile);
            if (certificate.Until < time.GetUtcNow())
            {
                fault = $"The certificate in {file} expired on {certificate.Until.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}: renew it.";
                certificate.Dispose();
                certificate = null;
                return false;
            }

            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            fault = $"The certificate cannot be read: {e.Message}";
            return false;
        }
        catch (InvalidDataException e)
        {
            fault = e.Message;
            return false;
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            fault = IsPem(file)
                ? $"{keyFile ?? file} holds no private key in PEM that belongs to the certificate in {file}. A key in a file of its own is named by --certificate-key; one with a password must be written without it ('openssl pkey -in KEY -out PLAIN')."
                : $"{file} is neither PEM nor PKCS #12 without a password. Convert it to PEM: 'openssl pkcs12 -in {Path.GetFileName(file)} -nodes -out certificate.pem'.";
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Leaf.Dispose();
        foreach (var link in Chain)
        {
            link.Dispose();
        }
    }

    private static string? TooLarge(string file)
        => new FileInfo(file) is { Exists: true, Length: > MaxBytes } ? $"{file} is larger than {MaxBytes / 1024} KiB: that is no certificate." : null;

    private static bool IsPem(string file) => PemEncoding.TryFind(File.ReadAllText(file), out _);

    private static GatewayCertificate LoadPem(string file, string? keyFile)
    {
        using var read = X509Certificate2.CreateFromPemFile(file, keyFile);
        var chain = new X509Certificate2Collection();
        chain.ImportFromPemFile(file);
        foreach (var same in chain.Where(link => link.Thumbprint == read.Thumbprint).ToList())
        {
            chain.Remove(same);
            same.Dispose();
        }

        // Some platforms serve TLS only with a key that went through a key store.
        return new GatewayCertificate(X509CertificateLoader.LoadPkcs12(read.Export(X509ContentType.Pkcs12), null), chain);
    }

    private static GatewayCertificate LoadPkcs12(string file, string? keyFile)
    {
        if (keyFile is not null)
        {
            throw new InvalidDataException($"--certificate-key goes with a certificate in PEM, and {file} is none: leave it away.");
        }

        var all = X509CertificateLoader.LoadPkcs12CollectionFromFile(file, null);
        var leaf = all.FirstOrDefault(one => one.HasPrivateKey) ?? throw new InvalidDataException($"{file} holds no private key: export the certificate with it.");
        all.Remove(leaf);
        return new GatewayCertificate(leaf, all);
    }
}
