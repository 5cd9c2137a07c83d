using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Skein.Gateway.Hosting;
using Skein.Gateway.OnePort;
using Skein.Gateway.Tests.Fakes;
using Skein.P2P.Connections;
using Skein.P2P.Errors;
using Skein.P2P.Transports.Tcp;

namespace Skein.Gateway.Tests.OnePort;

/// <summary>One port for the API, for libp2p by TCP and by WebSocket, and for all of it within TLS.</summary>
public sealed class OnePortTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task Port_Whoever_IsServedSideBySide()
    {
        await using var gateway = await TestGateway.StartOnePortAsync(ScriptedGenerator.Saying("hello"));
        PeerClient.Echo(gateway);
        await using var tcp = await PeerClient.StartAsync();
        await using var ws = await PeerClient.StartAsync();

        var overTcp = await tcp.ConnectAsync(PeerClient.AddressOf(gateway, ""), None).Within("the dial by TCP");
        var overWs = await ws.ConnectAsync(PeerClient.AddressOf(gateway, "/ws"), None).Within("the dial by WebSocket");

        Assert.True(await tcp.PingAsync(gateway.Host!.Id, None).Within("the ping by TCP") > TimeSpan.Zero);
        Assert.True(await ws.PingAsync(gateway.Host.Id, None).Within("the ping by WebSocket") > TimeSpan.Zero);
        var bytes = RandomNumberGenerator.GetBytes(2_000_000);
        Assert.Equal(bytes, await PeerClient.EchoAsync(overWs, bytes));
        Assert.Equal(bytes, await PeerClient.EchoAsync(overTcp, bytes));
        Assert.Equal("hello", (await gateway.ChatJsonAsync()).GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
        var (events, done) = await TestGateway.EventsAsync(await gateway.ChatAsync("\"stream\":true", streaming: true));
        Assert.True(done);
        Assert.Equal("hello", string.Concat(events.SelectMany(one => one.GetProperty("choices").EnumerateArray()).Select(choice => choice.GetProperty("delta").TryGetProperty("content", out var text) ? text.GetString() : null)));
        Assert.Contains("<h1>Skein</h1>", await gateway.Http.GetStringAsync("/"), StringComparison.Ordinal);

        // The host sees where each came from, and by what.
        var seen = gateway.Host.ConnectionsWith(ws.Id).Single();
        Assert.EndsWith("/ws", seen.Remote.ToString(), StringComparison.Ordinal);
        Assert.Equal(IPAddress.Loopback, seen.Remote.TcpEndPoint?.Address ?? seen.RemoteIp);
    }

    [Fact]
    public async Task Port_WithACertificate_ServesHttpsAndWssBesideAllElse()
    {
        using var made = new TestCertificate();
        Assert.True(GatewayCertificate.TryLoad(made.Write("a.pfx", made.Pfx()), null, TimeProvider.System, out var certificate, out var fault), fault);
        using var owned = certificate;
        await using var gateway = await TestGateway.StartOnePortAsync(ScriptedGenerator.Saying("hello"), new GatewayOptions { Certificate = certificate });
        PeerClient.Echo(gateway);
        await using var wss = await PeerClient.StartAsync(made.IsThis);
        await using var distrustful = await PeerClient.StartAsync();
        await using var ws = await PeerClient.StartAsync();
        using var handler = new SocketsHttpHandler { SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = made.IsThis } };
        using var https = new HttpClient(handler) { Timeout = TestGateway.Patience };

        var overWss = await wss.ConnectAsync(PeerClient.AddressOf(gateway, "/tls/ws"), None).Within("the dial by wss");

        var bytes = RandomNumberGenerator.GetBytes(1_000_000);
        Assert.Equal(bytes, await PeerClient.EchoAsync(overWss, bytes));
        Assert.EndsWith("/tls/ws", gateway.Host!.ConnectionsWith(wss.Id).Single().Remote.ToString(), StringComparison.Ordinal);
        Assert.Contains(TestGateway.Model, await https.GetStringAsync($"https://127.0.0.1:{gateway.Address.Port}/v1/models"), StringComparison.Ordinal);
        await gateway.ChatJsonAsync();
        await ws.ConnectAsync(PeerClient.AddressOf(gateway, "/ws"), None).Within("the dial by ws");
        var refused = await Assert.ThrowsAsync<P2PException>(() => distrustful.ConnectAsync(PeerClient.AddressOf(gateway, "/tls/ws"), None)).Within("the refusal");
        Assert.Equal(P2PError.DialFailed, refused.Error);
    }

    [Fact]
    public async Task Tls_WithoutACertificate_IsClosed()
    {
        await using var gateway = await TestGateway.StartOnePortAsync(ScriptedGenerator.Saying("hello"));
        using var https = new HttpClient { Timeout = TestGateway.Patience };

        await Assert.ThrowsAsync<HttpRequestException>(() => https.GetStringAsync($"https://127.0.0.1:{gateway.Address.Port}/"));

        await gateway.ChatJsonAsync();
    }

    [Fact]
    public async Task Strangers_WithGarbageOrNothingToSay_AreClosedAndHarmNobody()
    {
        await using var gateway = await TestGateway.StartOnePortAsync(ScriptedGenerator.Saying("hello"), tcp: new TcpTransportOptions { FirstBytesTimeout = TimeSpan.FromSeconds(1) });

        Assert.Equal(string.Empty, await SayAsync(gateway, RandomNumberGenerator.GetBytes(100_000)));
        Assert.Equal(string.Empty, await SayAsync(gateway, []));
        Assert.Equal(string.Empty, await SayAsync(gateway, "GE"u8.ToArray()));
        Assert.Equal(string.Empty, await SayAsync(gateway, "CONNECT example.org:443 HTTP/1.1\r\n\r\n"u8.ToArray()));
        Assert.StartsWith("HTTP/1.1 400", await SayAsync(gateway, "GET \0 nonsense\r\n\r\n"u8.ToArray()), StringComparison.Ordinal);

        await gateway.ChatJsonAsync();
    }

    [Fact]
    public async Task Head_ThatComesTooSlowly_Is408()
    {
        await using var gateway = await TestGateway.StartOnePortAsync(ScriptedGenerator.Saying("hello"), new GatewayOptions { HeadersTimeout = TimeSpan.FromSeconds(1) });

        Assert.StartsWith("HTTP/1.1 408", await SayAsync(gateway, "GET /v1/models HTTP/1.1\r\nHost: x\r\n"u8.ToArray()), StringComparison.Ordinal);

        await gateway.ChatJsonAsync();
    }

    [Fact]
    public async Task Head_TooLarge_IsRefused()
    {
        await using var gateway = await TestGateway.StartOnePortAsync(ScriptedGenerator.Saying("hello"));
        var line = "GET /" + new string('x', 9 * 1024) + " HTTP/1.1\r\n\r\n";
        var headers = "GET / HTTP/1.1\r\nHost: x\r\n" + string.Concat(Enumerable.Range(0, 40).Select(i => $"x-{i}: {new string('y', 1000)}\r\n")) + "\r\n";
        var many = "GET / HTTP/1.1\r\nHost: x\r\n" + string.Concat(Enumerable.Range(0, 120).Select(i => $"x-{i}: y\r\n")) + "\r\n";

        Assert.StartsWith("HTTP/1.1 414", await SayAsync(gateway, Encoding.ASCII.GetBytes(line)), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 431", await SayAsync(gateway, Encoding.ASCII.GetBytes(headers)), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 431", await SayAsync(gateway, Encoding.ASCII.GetBytes(many)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task WebSocket_ElsewhereThanAtTheRoot_IsNoPeers()
    {
        await using var gateway = await TestGateway.StartOnePortAsync(ScriptedGenerator.Saying("hello"));

        foreach (var (path, status) in new[] { ("/elsewhere", HttpStatusCode.NotFound), ("/v1/models", HttpStatusCode.OK) })
        {
            using var socket = new ClientWebSocket();
            socket.Options.CollectHttpResponseDetails = true;
            await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(new Uri($"ws://127.0.0.1:{gateway.Address.Port}{path}"), None)).Within("the refusal");
            Assert.Equal(status, socket.HttpStatusCode);
        }

        Assert.Empty(gateway.Host!.Connections);
    }

    [Fact]
    public async Task WebSocket_AtAPortThatIsNotShared_IsAnOrdinaryRequest()
    {
        await using var gateway = await TestGateway.StartAsync("hello");
        using var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;

        await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(new Uri($"ws://127.0.0.1:{gateway.Address.Port}/"), None)).Within("the refusal");

        Assert.Equal(HttpStatusCode.OK, socket.HttpStatusCode);
    }

    [Fact]
    public async Task WebSockets_MoreThanMayBe_AreToldSoUntilOneLeaves()
    {
        await using var gateway = await TestGateway.StartOnePortAsync(ScriptedGenerator.Saying("hello"), new GatewayOptions { MaxPeerWebSockets = 1 });
        await using var first = await PeerClient.StartAsync();
        await using var second = await PeerClient.StartAsync();
        var held = await first.ConnectAsync(PeerClient.AddressOf(gateway, "/ws"), None).Within("the first dial");
        using var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;

        await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(new Uri($"ws://127.0.0.1:{gateway.Address.Port}/"), None)).Within("the refusal");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, socket.HttpStatusCode);

        // TCP has its own bounds, and requests are no peers.
        await second.ConnectAsync(PeerClient.AddressOf(gateway, ""), None).Within("the dial by TCP");
        await gateway.ChatJsonAsync();
        await held.CloseAsync();
        await using var third = await PeerClient.StartAsync();
        await RetryAsync(() => third.ConnectAsync(PeerClient.AddressOf(gateway, "/ws"), None), "the place of the one that left");
    }

    [Fact]
    public async Task WebSockets_ThatSayNothingInside_PassTheGateOfStrangers()
    {
        await using var gateway = await TestGateway.StartOnePortAsync(
            ScriptedGenerator.Saying("hello"),
            limits: new P2PLimits { HandshakeTimeout = TimeSpan.FromSeconds(1), MaxPendingHandshakes = 2 });

        // Those beyond the bound are closed at once, some before the upgrade has reached them; the others when their time is up.
        await Task.WhenAll(Enumerable.Range(0, 5).Select(async _ =>
        {
            using var socket = new ClientWebSocket();
            await Assert.ThrowsAsync<WebSocketException>(async () =>
            {
                await socket.ConnectAsync(new Uri($"ws://127.0.0.1:{gateway.Address.Port}/"), None);
                await DrainAsync(socket);
            }).Within("the end of a WebSocket that says nothing");
        }));

        await using var peer = await PeerClient.StartAsync();
        await RetryAsync(() => peer.ConnectAsync(PeerClient.AddressOf(gateway, "/ws"), None), "room for a handshake");
    }

    [Fact]
    public async Task Connections_OfHttp_AreBoundedAndPeersAreNot()
    {
        await using var gateway = await TestGateway.StartOnePortAsync(ScriptedGenerator.Saying("hello"), new GatewayOptions { MaxConnections = 2 });
        using var first = await OpenAsync(gateway);
        using var second = await OpenAsync(gateway);

        Assert.Equal(string.Empty, await SayAsync(gateway, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray()));

        await using var peer = await PeerClient.StartAsync();
        await peer.ConnectAsync(PeerClient.AddressOf(gateway, ""), None).Within("the dial by TCP");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Shutdown_WithConnectionsOpen_EndsThem(bool gracefully)
    {
        var gateway = await TestGateway.StartOnePortAsync(new ScriptedGenerator(_ =>
            ScriptedGenerator.Say("first").Append(new ScriptedGenerator.WaitStep(new TaskCompletionSource().Task))));
        await using var peer = await PeerClient.StartAsync();
        await using var plain = await PeerClient.StartAsync();
        var overWs = await peer.ConnectAsync(PeerClient.AddressOf(gateway, "/ws"), None).Within("the dial by WebSocket");
        var overTcp = await plain.ConnectAsync(PeerClient.AddressOf(gateway, ""), None).Within("the dial by TCP");
        using var idle = await OpenAsync(gateway);
        using var reply = await gateway.ChatAsync("\"stream\":true", streaming: true);

        if (gracefully)
        {
            await gateway.StopAsync().Within("the stop");
            await overWs.Closed.Within("the end of the WebSocket");
        }

        await gateway.DisposeAsync().AsTask().Within("the end of the gateway");

        await overWs.Closed.Within("the end of the WebSocket");
        await overTcp.Closed.Within("the end of the TCP connection");
        await gateway.Generator.GivenUp.Task.Within("the end of the reply");
        Assert.Equal(0, await ReadToEndAsync(idle.GetStream()).Within("the end of the idle connection"));
    }

    // Sends, and reads until the other side closes. Where it resets, what came before counts.
    private static async Task<string> SayAsync(TestGateway gateway, byte[] bytes)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, gateway.Address.Port);
        var stream = client.GetStream();
        using var answer = new MemoryStream();
        try
        {
            await stream.WriteAsync(bytes);
            await stream.CopyToAsync(answer).Within("the end of the connection");
        }
        catch (IOException)
        {
            // Reset.
        }

        return Encoding.ASCII.GetString(answer.ToArray());
    }

    // A connection that has had its answer and stays.
    private static async Task<TcpClient> OpenAsync(TestGateway gateway)
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, gateway.Address.Port);
        await client.GetStream().WriteAsync("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray());
        var answer = new StringBuilder();
        var buffer = new byte[4096];
        while (!answer.ToString().EndsWith("{\"status\":\"ok\"}", StringComparison.Ordinal) && !answer.ToString().EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal))
        {
            var count = await client.GetStream().ReadAsync(buffer).AsTask().Within("the answer");
            Assert.True(count > 0, $"The connection ended after: {answer}");
            answer.Append(Encoding.ASCII.GetString(buffer, 0, count));
        }

        return client;
    }

    private static async Task<int> ReadToEndAsync(NetworkStream stream)
    {
        try
        {
            return await stream.ReadAsync(new byte[1]);
        }
        catch (IOException)
        {
            // Reset: ended too.
            return 0;
        }
    }

    private static async Task DrainAsync(ClientWebSocket socket)
    {
        var buffer = new byte[4096];
        while (true)
        {
            await socket.ReceiveAsync(buffer, None);
        }
    }

    private static async Task RetryAsync(Func<Task> attempt, string phase)
    {
        using var late = new CancellationTokenSource(TestGateway.Patience);
        while (true)
        {
            try
            {
                await attempt().Within(phase);
                return;
            }
            catch (P2PException) when (!late.IsCancellationRequested)
            {
                await Task.Delay(20);
            }
        }
    }
}
