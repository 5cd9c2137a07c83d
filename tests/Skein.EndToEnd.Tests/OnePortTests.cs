using System.Net;
using System.Net.Http.Json;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using Skein.EndToEnd.Tests.Harness;

namespace Skein.EndToEnd.Tests;

/// <summary>A gateway in the network: one port for the API, for https, and for peers by TCP and WebSocket.</summary>
public sealed partial class OnePortTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("skein-one-port-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Gateway_InTheNetwork_ServesAllAtOnePort()
    {
        using var certificate = WriteCertificate();
        await using var anchor = SkeinProcess.Start("anchor", "--listen", "/ip4/127.0.0.1/tcp/0", "--identity", Path.Combine(_folder, "anchor.key"), "--ready-line");
        await anchor.WaitForOutputAsync("}\n");
        await using var node = SkeinProcess.Start(
            "node", "--model", Ring.Model, "--blocks", "0-29", "--listen", "/ip4/127.0.0.1/tcp/0", "--anchor", anchor.Announced("address"),
            "--identity", Path.Combine(_folder, "node.key"), "--announce", "--until-stdin-closes");
        await node.WaitForPortAsync();
        await using var gateway = SkeinProcess.Start(
            "gateway", "--model", Ring.Model, "--listen", "127.0.0.1:0", "--anchor", anchor.Announced("address"), "--identity", Path.Combine(_folder, "gateway.key"),
            "--certificate", Path.Combine(_folder, "certificate.pem"), "--certificate-key", Path.Combine(_folder, "key.pem"));
        var output = await gateway.WaitForOutputAsync("Ctrl-C");
        var (exitCode, id, errors) = await SkeinProcess.RunAsync("id", "--identity", Path.Combine(_folder, "gateway.key"));
        Assert.True(exitCode == 0, errors);
        var port = Url().Match(output).Groups[1].Value;

        // By every way that the gateway names.
        var addresses = Address().Matches(output).Select(match => match.Value).ToList();
        Assert.Equal([$"/ip4/127.0.0.1/tcp/{port}/p2p/{id.Trim()}", $"/ip4/127.0.0.1/tcp/{port}/ws/p2p/{id.Trim()}", $"/dns4/gateway.example.org/tcp/{port}/tls/ws/p2p/{id.Trim()}"], addresses);
        foreach (var address in addresses.Take(2))
        {
            var (pinged, said, problems) = await SkeinProcess.RunAsync("ping", address, "--count", "1");
            Assert.True(pinged == 0, problems);
            Assert.Contains(id.Trim(), said, StringComparison.Ordinal);
        }

        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromMinutes(2) };
        using var handler = new SocketsHttpHandler { SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, seen, _, _) => seen?.GetCertHashString() == certificate.GetCertHashString() } };
        using var https = new HttpClient(handler) { BaseAddress = new Uri($"https://127.0.0.1:{port}"), Timeout = TimeSpan.FromMinutes(2) };
        await ReadyAsync(http);
        foreach (var client in new[] { http, https })
        {
            using var response = await client.PostAsJsonAsync("/v1/chat/completions", Ring.Chat("What is the capital of France?", 8));
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Contains("Paris", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        gateway.Interrupt();
        Assert.Equal(0, await gateway.WaitAsync());
    }

    private static async Task ReadyAsync(HttpClient http)
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (true)
        {
            using var ready = await http.GetAsync("/readyz");
            if (ready.IsSuccessStatusCode)
            {
                return;
            }

            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(90), $"The node was not found: {await ready.Content.ReadAsStringAsync()}");
            await Task.Delay(100);
        }
    }

    private X509Certificate2 WriteCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=gateway.example.org", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("gateway.example.org");
        request.CertificateExtensions.Add(names.Build());
        var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(Path.Combine(_folder, "certificate.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(_folder, "key.pem"), key.ExportPkcs8PrivateKeyPem());
        return certificate;
    }

    [GeneratedRegex(@"http://127\.0\.0\.1:(\d+)")]
    private static partial Regex Url();

    [GeneratedRegex(@"/(ip4|dns4)/\S+")]
    private static partial Regex Address();
}
