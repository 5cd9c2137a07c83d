using Skein.Gateway.Hosting;
using Skein.Gateway.OnePort;
using Skein.Gateway.Serving;
using Skein.P2P.Transports.Tcp;

namespace Skein.Interop.Tests;

/// <summary>js-libp2p at the port of a gateway, where Kestrel serves HTTP and upgrades WebSockets.</summary>
public sealed class GatewayPortTests(JsPeer js) : IClassFixture<JsPeer>
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Port_OfAGateway_TakesJsBesideTheApi(bool webSocket)
    {
        await using var port = new SharedPort();
        await using var host = await InteropHost.StartAsync(options => options, new TcpTransport(new TcpTransportOptions { HttpHandler = port.OfferHttp }, TimeProvider.System));
        await using var gateway = GatewayApplication.Create(new GatewayOptions { Listen = host.ListenAddresses[0].TcpEndPoint! }, new ServedModels(), port: port);
        await gateway.StartAsync();
        var address = InteropHost.AddressOf(host, webSocket);

        var connection = await js.CallAsync("dial", new { address });

        Assert.Equal("/noise", (string?)connection["encryption"]);
        Assert.Equal(host.Id.ToString(), (string?)connection["remote"]);
        foreach (var size in new[] { 0, 1, 65_536, 1_000_003, 16 * 1024 * 1024 })
        {
            await js.CallAsync("echo", new { address, size });
        }

        // Only now: js has its connection a moment before the host does.
        Assert.Equal(webSocket, host.ConnectionsWith(js.Id).Single().Remote.IsWebSocket);

        await js.CallAsync("streams", new { address, total = 200 });
        await InteropHost.EchoAsync(host, js.Id, 1_000_003);
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };
        Assert.Equal("""{"data":[],"object":"list"}""", await http.GetStringAsync(new Uri(gateway.Urls.First() + "/v1/models")));
    }
}
