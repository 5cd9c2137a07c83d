using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Skein.Gateway.Hosting;
using Skein.Gateway.Serving;

namespace Skein.Gateway.Tests.Fakes;

/// <summary>A gateway on a free loopback port, with one model named <c>test-model</c>.</summary>
internal sealed class TestGateway : IAsyncDisposable
{
    public const string Model = "test-model";

    /// <summary>How long any wait of a test may take before it fails; far more than any needs.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly WebApplication _app;

    private TestGateway(WebApplication app, ScriptedGenerator generator, PlainChatPrompt prompt)
    {
        _app = app;
        Generator = generator;
        Prompt = prompt;
        Address = new Uri(app.Urls.Single());
        Http = new HttpClient { BaseAddress = Address, Timeout = Patience };
    }

    public ScriptedGenerator Generator { get; }

    public PlainChatPrompt Prompt { get; }

    public Uri Address { get; }

    public HttpClient Http { get; }

    public ServedModels Models => _app.Services.GetRequiredService<ServedModels>();

    public IServiceProvider Services => _app.Services;

    public static Task<TestGateway> StartAsync(string reply) => StartAsync(ScriptedGenerator.Saying(reply));

    public static async Task<TestGateway> StartAsync(ScriptedGenerator generator, GatewayOptions? options = null, Action<WebApplicationBuilder>? configure = null, bool withTemplate = true)
    {
        var prompt = new PlainChatPrompt();
        var model = new ServedModel(Model, generator, new ByteTokenizer(), withTemplate ? prompt : null, DateTimeOffset.FromUnixTimeSeconds(1_700_000_000));
        var app = GatewayApplication.Create((options ?? new GatewayOptions()) with { Listen = new IPEndPoint(IPAddress.Loopback, 0) }, new ServedModels(model), configure);
        await app.StartAsync();
        return new TestGateway(app, generator, prompt);
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

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.DisposeAsync();
    }
}
