using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Skein.P2P.Addressing;
using Skein.P2P.Connections;
using Skein.P2P.Errors;
using Skein.P2P.Identity;
using Skein.P2P.Tests.Connections;
using Skein.P2P.Transports;
using Skein.P2P.Transports.Tcp;
using Skein.P2P.Transports.WebSockets;

namespace Skein.P2P.Tests.Transports;

/// <summary>WebSockets within TLS, on the port that serves everything.</summary>
public sealed class WebSocketTlsTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task Wss_TrustedCertificate_CarriesStreamsBesidePlainTcpOnOnePort()
    {
        using var certificate = SelfSigned();
        await using var far = await StartAsync(certificate);
        await using var near = await StartClientAsync((_, seen, _, _) => seen!.GetCertHashString() == certificate.GetCertHashString());
        await using var plain = await StartClientAsync(null);
        var bytes = RandomNumberGenerator.GetBytes(300_000);

        var connection = await near.ConnectAsync(SecureAddressOf(far), None).Within("the dial");

        Assert.True(connection.Remote.IsTls);
        Assert.Equal(bytes, await HostFixture.EchoAsync(near, far.Id, bytes));
        plain.Peers.AddAddresses(far.Id, far.Addresses);
        Assert.Equal(bytes, await HostFixture.EchoAsync(plain, far.Id, bytes));
    }

    [Fact]
    public async Task Wss_UnknownCertificate_IsRefusedAndSaidSo()
    {
        using var certificate = SelfSigned();
        await using var far = await StartAsync(certificate);
        await using var near = await StartClientAsync(null);

        var failure = await Assert.ThrowsAsync<P2PException>(() => near.ConnectAsync(SecureAddressOf(far), None)).Within("the refusal");

        Assert.Equal(P2PError.DialFailed, failure.Error);
        Assert.Contains("certificate", failure.ToString(), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Tls_WhereNobodySpeaksIt_IsClosed()
    {
        await using var far = await StartAsync(null);
        using var socket = new TcpClient();
        await socket.ConnectAsync(far.Addresses[0].TcpEndPoint!);
        await using var tls = new SslStream(socket.GetStream());

        await Assert.ThrowsAnyAsync<Exception>(() => tls.AuthenticateAsClientAsync("localhost")).Within("the end of the connection");
        await using var near = await StartClientAsync(null);
        near.Peers.AddAddresses(far.Id, far.Addresses);
        Assert.Equal([7], await HostFixture.EchoAsync(near, far.Id, [7]));
    }

    private static Multiaddr SecureAddressOf(P2PHost host) => Multiaddr.Parse($"/ip4/127.0.0.1/tcp/{host.Addresses[0].TcpEndPoint!.Port}/tls/ws").WithPeerId(host.Id);

    private static Task<P2PHost> StartAsync(X509Certificate2? certificate)
    {
        var options = new TcpTransportOptions
        {
            TlsHandler = certificate is null ? null : async connection =>
            {
                var tls = new SslStream(connection.Stream);
                try
                {
                    await tls.AuthenticateAsServerAsync(certificate);
                    if (await WebSocketUpgrade.AcceptAsync(tls, TimeProvider.System, None) is { } upgraded)
                    {
                        connection.Upgraded(new RawConnection(upgraded, Multiaddr.FromTcp(connection.Remote), connection.Remote.Address));
                    }
                }
                catch (Exception fault) when (fault is System.Security.Authentication.AuthenticationException or IOException)
                {
                    // The other side did not believe the certificate.
                    await tls.DisposeAsync();
                }
            },
        };
        return HostFixture.StartTcpAsync(tcp: options);
    }

    private static async Task<P2PHost> StartClientAsync(RemoteCertificateValidationCallback? trust)
    {
        var tcp = new TcpTransport(new TcpTransportOptions(), TimeProvider.System);
        var host = new P2PHost(new P2PHostOptions { Key = PeerKey.Generate() }, [tcp, new WebSocketTransport(tcp, trust)], TimeProvider.System);
        await host.StartAsync(None);
        return host;
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null);
    }
}
