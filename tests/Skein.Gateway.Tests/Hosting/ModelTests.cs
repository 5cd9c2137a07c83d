using System.Net;
using Skein.Gateway.Serving;
using Skein.Gateway.Tests.Fakes;

namespace Skein.Gateway.Tests.Hosting;

public sealed class ModelTests
{
    [Fact]
    public async Task Models_List_ShowsEach()
    {
        await using var gateway = await TestGateway.StartAsync("");

        var text = await gateway.Http.GetStringAsync("/v1/models");

        Assert.Equal("""{"data":[{"id":"test-model","created":1700000000,"context_length":512,"object":"model","owned_by":"skein"}],"object":"list"}""", text);
    }

    [Fact]
    public async Task Model_ByName_IsShownOrNotFound()
    {
        await using var gateway = await TestGateway.StartAsync("");
        gateway.Models.Add(gateway.Models.All[0] with { Name = "org/model" });

        foreach (var path in new[] { "test-model", "org/model", "org%2Fmodel" })
        {
            var model = await TestGateway.JsonAsync(await gateway.Http.GetAsync($"/v1/models/{path}"));
            Assert.Equal(Uri.UnescapeDataString(path), model.GetProperty("id").GetString());
        }

        var missing = await TestGateway.JsonAsync(await gateway.Http.GetAsync("/v1/models/none"), HttpStatusCode.NotFound);
        Assert.Equal("model_not_found", missing.GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public void Models_OfOneName_AreRefused_AndGoneOnceRemoved()
    {
        var model = new ServedModel("a", ScriptedGenerator.Saying(""), new ByteTokenizer(), null, DateTimeOffset.UnixEpoch);
        var models = new ServedModels(model);

        Assert.Throws<ArgumentException>(() => models.Add(model));
        Assert.True(models.Remove("a"));
        Assert.False(models.Remove("a"));
        Assert.False(models.TryGet("a", out _));
        Assert.Empty(models.All);
    }
}
