using System.Text.Json;
using Skein.Core.Stages;
using Skein.Engine.Text;
using Skein.Gateway.Hosting;
using Skein.Gateway.Tests.Fakes;

namespace Skein.Gateway.Tests.Clients;

/// <summary>OpenAI's own JavaScript client against the gateway.</summary>
public sealed class NodeClientTests(NodeClient node) : IClassFixture<NodeClient>
{
    [Fact]
    public async Task Chat_Whole_IsUnderstood()
    {
        await using var gateway = await TestGateway.StartAsync("Paris, é 😀");

        var seen = await node.RunAsync("chat", gateway);

        Assert.Equal("Paris, é 😀", seen.GetProperty("text").GetString());
        Assert.Equal("stop", seen.GetProperty("finish").GetString());
        Assert.Equal(15, seen.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        Assert.StartsWith("req_", seen.GetProperty("requestId").GetString());
    }

    [Fact]
    public async Task Chat_Streamed_IsUnderstood()
    {
        await using var gateway = await TestGateway.StartAsync("Paris, é 😀");

        var seen = await node.RunAsync("stream", gateway);

        Assert.Equal("Paris, é 😀", seen.GetProperty("text").GetString());
        Assert.Equal("stop", seen.GetProperty("finish").GetString());
        Assert.Equal(15, seen.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        Assert.Equal(JsonValueKind.Null, seen.GetProperty("error").ValueKind);
    }

    [Fact]
    public async Task Chat_StreamHelper_AssemblesTheReply()
    {
        await using var gateway = await TestGateway.StartAsync("Paris.");

        var seen = await node.RunAsync("helper", gateway);

        Assert.Equal("Paris.", seen.GetProperty("text").GetString());
    }

    [Fact]
    public async Task Chat_JsonObject_IsHeldToTheGrammar()
    {
        await using var gateway = await TestGateway.StartAsync("{\"capital\": \"Paris\"}");

        var seen = await node.RunAsync("json", gateway);

        Assert.Equal("Paris", seen.GetProperty("value").GetProperty("capital").GetString());
        Assert.Equal(JsonGrammar.AnyObject, Assert.Single(gateway.Generator.Requests).Sampling.Grammar);
    }

    [Fact]
    public async Task Completion_Streamed_IsUnderstood()
    {
        await using var gateway = await TestGateway.StartAsync(" upon a time");

        var seen = await node.RunAsync("completion", gateway);

        Assert.Equal(" upon a time", seen.GetProperty("text").GetString());
        Assert.Equal("stop", seen.GetProperty("finish").GetString());
    }

    [Fact]
    public async Task Models_ListAndOne_AreUnderstood()
    {
        await using var gateway = await TestGateway.StartAsync("");

        var seen = await node.RunAsync("models", gateway);

        Assert.Equal([TestGateway.Model], seen.GetProperty("ids").EnumerateArray().Select(id => id.GetString()!));
        Assert.Equal(TestGateway.Model, seen.GetProperty("one").GetString());
    }

    [Theory]
    [InlineData(TestGateway.Model, "right", "BadRequestError", 400, "invalid_value", "temperature")]
    [InlineData("no-such-model", "right", "NotFoundError", 404, "model_not_found", "model")]
    [InlineData(TestGateway.Model, "wrong", "AuthenticationError", 401, "invalid_api_key", null)]
    public async Task Chat_Refused_IsTheRightError(string model, string key, string kind, int status, string code, string? param)
    {
        await using var gateway = await TestGateway.StartAsync(ScriptedGenerator.Saying(""), new GatewayOptions { ApiKeys = ["right"] });

        var error = (await node.RunAsync("failure", gateway, model, key)).GetProperty("error");

        Assert.Equal(kind, error.GetProperty("kind").GetString());
        Assert.Equal(status, error.GetProperty("status").GetInt32());
        Assert.Equal(code, error.GetProperty("code").GetString());
        Assert.Equal(param, error.GetProperty("param").GetString());
        Assert.Equal("invalid_request_error", error.GetProperty("type").GetString());
    }

    [Fact]
    public async Task Chat_StreamBreaksOff_IsAnApiErrorAndNeverStop()
    {
        await using var gateway = await TestGateway.StartAsync(new ScriptedGenerator(_ =>
            ScriptedGenerator.Say("Half of").Append(new ScriptedGenerator.ThrowStep(new StageException(StageError.ComputeFailed, "node-b died")))));

        var seen = await node.RunAsync("stream", gateway);

        Assert.Equal("Half of", seen.GetProperty("text").GetString());
        Assert.NotEqual("stop", seen.GetProperty("finish").GetString());
        var error = seen.GetProperty("error");
        Assert.True(error.GetProperty("isApiError").GetBoolean());
        Assert.Equal("stage.compute_failed", error.GetProperty("code").GetString());
        Assert.Contains("node-b died", error.GetProperty("message").GetString());
    }

    [Fact]
    public async Task Chat_StreamAborted_StopsTheWork()
    {
        await using var gateway = await TestGateway.StartAsync(new ScriptedGenerator(_ =>
            ScriptedGenerator.Say("first").Append(new ScriptedGenerator.WaitStep(Task.Delay(Timeout.Infinite)))));

        var seen = await node.RunAsync("abort", gateway);

        Assert.True(seen.GetProperty("aborted").GetBoolean());
        await gateway.Generator.GivenUp.Task.WaitAsync(TestGateway.Patience);
        Assert.Equal(0, gateway.Generator.Active);
    }
}
