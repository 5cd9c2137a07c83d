using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Skein.Gateway.Hosting;
using Skein.Gateway.OnePort;
using Skein.Gateway.Serving;
using Skein.P2P.Addressing;
using Skein.P2P.Connections;
using Skein.P2P.Identity;
using Skein.P2P.Transports.Tcp;
using Skein.P2P.Transports.WebSockets;

namespace Skein.Gateway.Tests.Fakes;

/// <summary>A gateway on a free loopback port, with one model named <c>test-model</c>.</summary>
internal sealed class TestGateway : IAsyncDisposable
{
    public const string Model = "test-model";

    /// <summary>How long any wait of a test may take before it fails; far more than any needs.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly WebApplication _app;

    private readonly SharedPort? _port;

    private TestGateway(WebApplication app, ScriptedGenerator generator, PlainChatPrompt prompt, P2PHost? host, SharedPort? port)
    {
        _app = app;
        _port = port;
        Host = host;
        Generator = generator;
        Prompt = prompt;
        Address = new Uri(app.Urls.First());
        Http = new HttpClient { BaseAddress = Address, Timeout = Patience };
    }

    public ScriptedGenerator Generator { get; }

    public PlainChatPrompt Prompt { get; }

    public Uri Address { get; }

    public HttpClient Http { get; }

    /// <summary>Who has the port; null if it is Kestrel's alone.</summary>
    public P2PHost? Host { get; }

    public ServedModels Models => _app.Services.GetRequiredService<ServedModels>();

    public IServiceProvider Services => _app.Services;

    public static Task<TestGateway> StartAsync(string reply) => StartAsync(ScriptedGenerator.Saying(reply));

    public static async Task<TestGateway> StartAsync(ScriptedGenerator generator, GatewayOptions? options = null, Action<WebApplicationBuilder>? configure = null, bool withTemplate = true)
    {
        var prompt = new PlainChatPrompt();
        var model = new ServedModel(Model, generator, new ByteTokenizer(), withTemplate ? prompt : null, DateTimeOffset.FromUnixTimeSeconds(1_700_000_000));
        var app = GatewayApplication.Create((options ?? new GatewayOptions()) with { Listen = new IPEndPoint(IPAddress.Loopback, 0) }, new ServedModels(model), configure);
        await app.StartAsync();
        return new TestGateway(app, generator, prompt, null, null);
    }

    /// <summary>The same at a port that is shared with libp2p.</summary>
    public static async Task<TestGateway> StartOnePortAsync(ScriptedGenerator generator, GatewayOptions? options = null, TcpTransportOptions? tcp = null, P2PLimits? limits = null, Action<WebApplicationBuilder>? configure = null)
    {
        options ??= new GatewayOptions();
        var port = new SharedPort();
        var transport = new TcpTransport((tcp ?? new TcpTransportOptions()) with { HttpHandler = port.OfferHttp, TlsHandler = options.Certificate is null ? null : port.OfferTls }, TimeProvider.System);
        var host = new P2PHost(
            new P2PHostOptions { Key = PeerKey.Generate(), Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")], Limits = limits ?? new P2PLimits() },
            [transport, new WebSocketTransport(transport)],
            TimeProvider.System);
        await host.StartAsync(CancellationToken.None);
        var prompt = new PlainChatPrompt();
        var model = new ServedModel(Model, generator, new ByteTokenizer(), prompt, DateTimeOffset.FromUnixTimeSeconds(1_700_000_000));
        var app = GatewayApplication.Create(options with { Listen = host.ListenAddresses[0].TcpEndPoint! }, new ServedModels(model), configure, port);
        await app.StartAsync();
        return new TestGateway(app, generator, prompt, host, port);
    }

    /// <summary>Posts a chat request with one user message; <paramref name="fields"/> are further fields, as JSON text without braces.</summary>
    public Task<HttpResponseMessage> ChatAsync(string fields = "", bool streaming = false)
        => PostAsync("/v1/chat/completions", $$"""{"model":"{{Model}}","messages":[{"role":"user","content":"hi"}]{{(fields.Length > 0 ? "," + fields : "")}}}""", streaming);

    public Task<HttpResponseMessage> CompleteAsync(string fields, bool streaming = false)
        => PostAsync("/v1/completions", $$"""{"model":"{{Model}}",{{fields}}}""", streaming);

    public async Task<HttpResponseMessage> PostAsync(string path, string body, bool streaming = false)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue("application/json")) };
        return await Http.SendAsync(request, streaming ? HttpCompletionOption.ResponseHeadersRead : HttpCompletionOption.ResponseContentRead);
    }

    /// <summary>Posts a chat request and reads the answer, which must have this status.</summary>
    public async Task<JsonElement> ChatJsonAsync(string fields = "", HttpStatusCode status = HttpStatusCode.OK) => await JsonAsync(await ChatAsync(fields), status);

    public async Task<JsonElement> CompleteJsonAsync(string fields, HttpStatusCode status = HttpStatusCode.OK) => await JsonAsync(await CompleteAsync(fields), status);

    /// <summary>Reads the events of a stream: the JSON of each, and whether <c>[DONE]</c> ended it.</summary>
    public static async Task<(List<JsonElement> Events, bool Done)> EventsAsync(HttpResponseMessage response)
    {
        using (response)
        {
            var text = await response.Content.ReadAsStringAsync();
            Assert.True(response.StatusCode == HttpStatusCode.OK, text);
            Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
            var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.All(lines, line => Assert.StartsWith("data: ", line));
            var data = lines.Select(line => line["data: ".Length..]).ToList();
            var done = data.Remove("[DONE]");
            return ([.. data.Select(item => JsonDocument.Parse(item).RootElement)], done);
        }
    }

    public static async Task<JsonElement> JsonAsync(HttpResponseMessage response, HttpStatusCode status = HttpStatusCode.OK)
    {
        using (response)
        {
            var text = await response.Content.ReadAsStringAsync();
            Assert.True(response.StatusCode == status, $"{(int)response.StatusCode} instead of {(int)status}: {text}");
            Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
            return JsonDocument.Parse(text).RootElement;
        }
    }

    /// <summary>Stops the application, as Ctrl-C does, and nothing else.</summary>
    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.DisposeAsync();
        if (Host is not null)
        {
            await Host.DisposeAsync();
            await _port!.DisposeAsync();
        }
    }
}
