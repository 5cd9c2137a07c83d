using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;
using Skein.Core.Generation;
using Skein.Gateway.Tests.Fakes;

namespace Skein.Gateway.Tests.Hosting;

public sealed partial class PageTests
{
    [Fact]
    public async Task Description_IsValidAndListsEveryRoute()
    {
        await using var gateway = await TestGateway.StartAsync("");

        var read = OpenApiDocument.Parse(await gateway.Http.GetStringAsync("/openapi/v1.json"), "json");

        Assert.Empty(read.Diagnostic!.Errors);
        var described = read.Document!.Paths.SelectMany(path => path.Value.Operations!.Keys.Select(method => $"{method.Method} {path.Key}")).Order();
        var mapped = gateway.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(route => !IsPage(route.RoutePattern.RawText!))
            .SelectMany(route => route.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods.Select(method => $"{method} {Path(route.RoutePattern.RawText!)}"))
            .Order();
        Assert.Equal(mapped, described);

        static bool IsPage(string route) => route == "/" || route.StartsWith("/docs", StringComparison.Ordinal) || route.StartsWith("/openapi", StringComparison.Ordinal);
        static string Path(string route) => route.Replace("{**id}", "{id}", StringComparison.Ordinal);
    }

    // The description says what the reader reads: each field that it names is refused by that name when it has a wrong type.
    [Theory]
    [InlineData("/v1/chat/completions", "ChatCompletionRequest")]
    [InlineData("/v1/completions", "TextCompletionRequest")]
    public async Task Description_OfRequests_NamesOnlyFieldsThatAreRead(string path, string schema)
    {
        await using var gateway = await TestGateway.StartAsync("x");
        using var description = JsonDocument.Parse(await gateway.Http.GetStringAsync("/openapi/v1.json"));
        var properties = description.RootElement.GetProperty("components").GetProperty("schemas").GetProperty(schema).GetProperty("properties").EnumerateObject().ToList();

        Assert.NotEmpty(properties);
        foreach (var property in properties.Where(property => property.Name != "user"))
        {
            Assert.True(property.Value.GetRawText().Contains("\"description\"", StringComparison.Ordinal), $"{property.Name} has no description.");
            var fields = new Dictionary<string, string>
            {
                ["model"] = $"\"{TestGateway.Model}\"",
                ["messages"] = "[{\"role\":\"user\",\"content\":\"hi\"}]",
                ["prompt"] = "\"hi\"",
                ["stream"] = property.Name == "stream_options" ? "true" : "false",
            };
            fields[property.Name] = property.Name is "stop" or "prompt" or "messages" or "tools" ? "{}" : property.Name is "suffix" ? "5" : "[1]";

            var error = (await TestGateway.JsonAsync(
                await gateway.PostAsync(path, "{" + string.Join(',', fields.Select(field => $"\"{field.Key}\":{field.Value}")) + "}"),
                System.Net.HttpStatusCode.BadRequest)).GetProperty("error");

            Assert.Equal(property.Name, error.GetProperty("param").GetString());
        }
    }

    [Fact]
    public async Task Guide_OfTheApi_ListsEveryFieldAndEveryRoute()
    {
        await using var gateway = await TestGateway.StartAsync("x");
        using var description = JsonDocument.Parse(await gateway.Http.GetStringAsync("/openapi/v1.json"));
        var guide = await File.ReadAllTextAsync(Path.Combine(SourceTree.Root, "docs", "guides", "api.md"));

        var fields = new[] { "ChatCompletionRequest", "TextCompletionRequest" }.SelectMany(schema =>
            description.RootElement.GetProperty("components").GetProperty("schemas").GetProperty(schema).GetProperty("properties").EnumerateObject().Select(property => property.Name));
        var routes = description.RootElement.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject().Select(method => $"{method.Name.ToUpperInvariant()} {path.Name}"));

        Assert.Empty(fields.Concat(routes).Where(name => !guide.Contains($"`{name}`", StringComparison.Ordinal)).Distinct());
    }

    [Fact]
    public async Task Reference_LoadsNothingFromElsewhere()
    {
        await using var gateway = await TestGateway.StartAsync("");

        using var response = await gateway.Http.GetAsync("/docs");
        var page = await response.Content.ReadAsStringAsync();
        var policy = response.Headers.GetValues("Content-Security-Policy").Single();

        Assert.Equal("text/html", response.Content.Headers.ContentType!.MediaType);
        Assert.DoesNotContain("://", policy);
        Assert.Contains("default-src 'none'", policy);
        var scripts = Script().Matches(page).Select(match => match.Value).ToList();
        Assert.NotEmpty(scripts);
        var nonce = Nonce().Match(policy).Groups[1].Value;
        Assert.True(nonce.Length >= 16, policy);
        Assert.All(scripts, script => Assert.Contains($"nonce=\"{nonce}\"", script));
        foreach (var source in Source().Matches(page).Select(match => match.Groups[1].Value))
        {
            Assert.DoesNotContain("//", source);
            using var asset = await gateway.Http.GetAsync(new Uri(new Uri(gateway.Address, "/docs/"), source));
            Assert.True(asset.IsSuccessStatusCode, $"{source}: {asset.StatusCode}");
        }

        Assert.Contains("\"url\":\"openapi/v1.json\"", page);
    }

    [Fact]
    public async Task Front_SaysWhatThisIsAndEscapesWhatItShows()
    {
        await using var gateway = await TestGateway.StartAsync("");
        gateway.Models.Add(gateway.Models.All[0] with { Name = "<b>&evil" });
        gateway.Generator.Readiness = new GeneratorReadiness(false, "nobody hosts blocks <10..19>");

        using var response = await gateway.Http.GetAsync("/");
        var page = await response.Content.ReadAsStringAsync();

        Assert.Contains("/v1/chat/completions", page);
        Assert.Contains("test-model", page);
        Assert.Contains("&lt;b&gt;&amp;evil", page);
        Assert.DoesNotContain("<b>", page);
        Assert.Contains("blocks &lt;10..19&gt;", page);
        Assert.Contains(gateway.Address.Authority, page);
        Assert.StartsWith("default-src 'none'; style-src 'sha256-", response.Headers.GetValues("Content-Security-Policy").Single());
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
    }

    [GeneratedRegex("<script[^>]*>")]
    private static partial Regex Script();

    [GeneratedRegex("nonce-([^']+)'")]
    private static partial Regex Nonce();

    [GeneratedRegex("(?:src|href)=\"([^\"#]+)\"")]
    private static partial Regex Source();
}
