using System.Net;
using Skein.Gateway.Hosting;
using Skein.Gateway.Tests.Fakes;

namespace Skein.Gateway.Tests.Hosting;

public sealed class ApiKeyTests
{
    [Theory]
    [InlineData(null, HttpStatusCode.Unauthorized)]
    [InlineData("Bearer wrong", HttpStatusCode.Unauthorized)]
    [InlineData("Bearer first-keyX", HttpStatusCode.Unauthorized)]
    [InlineData("Basic first-key", HttpStatusCode.Unauthorized)]
    [InlineData("Bearer ", HttpStatusCode.Unauthorized)]
    [InlineData("Bearer first-key", HttpStatusCode.OK)]
    [InlineData("bearer second-key", HttpStatusCode.OK)]
    public async Task Api_WithKeys_LetsOnlyTheirHoldersIn(string? authorization, HttpStatusCode status)
    {
        await using var gateway = await TestGateway.StartAsync(ScriptedGenerator.Saying("x"), new GatewayOptions { ApiKeys = ["first-key", "second-key"] });
        if (authorization is not null)
        {
            gateway.Http.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", authorization);
        }

        foreach (var path in new[] { "/v1/models", "/V1/Models" })
        {
            using var response = await gateway.Http.GetAsync(path);
            Assert.Equal(status, response.StatusCode);
            Assert.Equal(status == HttpStatusCode.Unauthorized, response.Headers.WwwAuthenticate.Count == 1);
        }

        using var chat = await gateway.ChatAsync();
        Assert.Equal(status, chat.StatusCode);
    }

    [Fact]
    public async Task Health_WithKeys_StaysOpen()
    {
        await using var gateway = await TestGateway.StartAsync(ScriptedGenerator.Saying("x"), new GatewayOptions { ApiKeys = ["key"] });

        foreach (var path in new[] { "/healthz", "/readyz", "/", "/docs/", "/openapi/v1.json" })
        {
            using var response = await gateway.Http.GetAsync(path);
            Assert.True(response.StatusCode == HttpStatusCode.OK, $"{path}: {response.StatusCode}");
        }
    }
}
