using System.Net;
using System.Text.Json;
using Skein.Gateway.Hosting;
using Skein.Gateway.Tests.Fakes;

namespace Skein.Gateway.Tests.Chat;

public sealed class ChatValidationTests
{
    [Theory]
    [InlineData("\"temperature\":\"hot\"", "temperature", "invalid_type")]
    [InlineData("\"temperature\":2.01", "temperature", "invalid_value")]
    [InlineData("\"temperature\":1e999", "temperature", "invalid_value")]
    [InlineData("\"top_p\":-0.1", "top_p", "invalid_value")]
    [InlineData("\"min_p\":true", "min_p", "invalid_type")]
    [InlineData("\"top_k\":1.5", "top_k", "invalid_value")]
    [InlineData("\"repetition_penalty\":0", "repetition_penalty", "invalid_value")]
    [InlineData("\"frequency_penalty\":3", "frequency_penalty", "invalid_value")]
    [InlineData("\"presence_penalty\":[]", "presence_penalty", "invalid_type")]
    [InlineData("\"seed\":99999999999999999999", "seed", "invalid_value")]
    [InlineData("\"n\":0", "n", "invalid_value")]
    [InlineData("\"n\":17", "n", "invalid_value")]
    [InlineData("\"n\":\"2\"", "n", "invalid_type")]
    [InlineData("\"max_tokens\":0", "max_tokens", "invalid_value")]
    [InlineData("\"max_completion_tokens\":-1", "max_completion_tokens", "invalid_value")]
    [InlineData("\"max_tokens\":500", "messages", "context_length_exceeded")]
    [InlineData("\"max_tokens\":2147483647", "messages", "context_length_exceeded")]
    [InlineData("\"stop\":7", "stop", "invalid_type")]
    [InlineData("\"stop\":[1]", "stop[0]", "invalid_type")]
    [InlineData("\"stop\":\"\"", "stop", "invalid_value")]
    [InlineData("\"stop\":[\"a\",\"b\",\"c\",\"d\",\"e\"]", "stop", "invalid_value")]
    [InlineData("\"stop\":\"\\ud800\"", "stop", "invalid_value")]
    [InlineData("\"stream\":1", "stream", "invalid_type")]
    [InlineData("\"stream_options\":{\"include_usage\":true}", "stream_options", "invalid_value")]
    [InlineData("\"stream\":true,\"stream_options\":{\"include_usage\":1}", "stream_options.include_usage", "invalid_type")]
    [InlineData("\"logprobs\":1", "logprobs", "invalid_type")]
    [InlineData("\"logprobs\":true,\"top_logprobs\":21", "top_logprobs", "invalid_value")]
    [InlineData("\"top_logprobs\":2", "top_logprobs", "invalid_value")]
    [InlineData("\"logit_bias\":[]", "logit_bias", "invalid_type")]
    [InlineData("\"logit_bias\":{\"hello\":1}", "logit_bias", "invalid_value")]
    [InlineData("\"logit_bias\":{\"-1\":1}", "logit_bias", "invalid_value")]
    [InlineData("\"logit_bias\":{\"260\":1}", "logit_bias", "invalid_value")]
    [InlineData("\"logit_bias\":{\"65\":101}", "logit_bias.65", "invalid_value")]
    [InlineData("\"response_format\":\"json\"", "response_format", "invalid_type")]
    [InlineData("\"response_format\":{}", "response_format.type", "missing_required_parameter")]
    [InlineData("\"response_format\":{\"type\":\"json_schema\"}", "response_format.json_schema", "missing_required_parameter")]
    [InlineData("\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"x\"}}", "response_format.json_schema.schema", "missing_required_parameter")]
    [InlineData("\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"schema\":{\"type\":7}}}", "response_format.json_schema.schema", "invalid_value")]
    [InlineData("\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"schema\":{\"not\":{}}}}", "response_format.json_schema.schema", "unsupported_value")]
    [InlineData("\"response_format\":{\"type\":\"xml\"}", "response_format.type", "unsupported_value")]
    [InlineData("\"tools\":{}", "tools", "invalid_type")]
    [InlineData("\"tools\":[]", "tools", "empty_array")]
    [InlineData("\"tools\":[{\"type\":\"retrieval\"}]", "tools[0].type", "unsupported_value")]
    [InlineData("\"tools\":[{\"type\":\"function\"}]", "tools[0].function", "missing_required_parameter")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{}}]", "tools[0].function.name", "missing_required_parameter")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"x\":\"\\ud800\"}}]", "tools[0]", "invalid_value")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"\\ud800\":1}}]", "tools[0].function", "invalid_value")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"x\":{\"\\ud800\":1}}}]", "tools[0]", "invalid_value")]
    [InlineData("\"logit_bias\":{\"\\ud800\":1}", "logit_bias", "invalid_value")]
    [InlineData("\"tool_choice\":\"required\"", "tool_choice", "unsupported_value")]
    [InlineData("\"tool_choice\":{\"type\":\"function\"}", "tool_choice", "unsupported_value")]
    [InlineData("\"functions\":[{}]", "functions", "unsupported_value")]
    [InlineData("\"modalities\":[\"text\",\"audio\"]", "modalities", "unsupported_value")]
    [InlineData("\"audio\":{}", "audio", "unsupported_value")]
    [InlineData("\"x_skein\":\"yes\"", "x_skein", "invalid_type")]
    public Task Chat_WithABadField_NamesIt(string fields, string param, string code)
        => RefusedAsync($$"""{"model":"{{TestGateway.Model}}","messages":[{"role":"user","content":"hi"}],{{fields}}}""", param, code);

    [Theory]
    [InlineData("{}", "messages", "invalid_type")]
    [InlineData("[]", "messages", "empty_array")]
    [InlineData("[1]", "messages[0]", "invalid_type")]
    [InlineData("[{}]", "messages[0].role", "missing_required_parameter")]
    [InlineData("[{\"role\":5}]", "messages[0].role", "invalid_type")]
    [InlineData("[{\"role\":\"god\",\"content\":\"x\"}]", "messages[0].role", "invalid_value")]
    [InlineData("[{\"role\":\"user\"}]", "messages[0].content", "missing_required_parameter")]
    [InlineData("[{\"role\":\"user\",\"content\":null}]", "messages[0].content", "missing_required_parameter")]
    [InlineData("[{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"user\",\"content\":4}]", "messages[1].content", "invalid_type")]
    [InlineData("[{\"role\":\"user\",\"content\":[]}]", "messages[0].content", "empty_array")]
    [InlineData("[{\"role\":\"user\",\"content\":[7]}]", "messages[0].content[0]", "invalid_type")]
    [InlineData("[{\"role\":\"user\",\"content\":[{\"type\":\"text\"}]}]", "messages[0].content[0].text", "missing_required_parameter")]
    [InlineData("[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:\"}}]}]", "messages[0].content[0].type", "unsupported_value")]
    [InlineData("[{\"role\":\"user\",\"content\":\"\\ud800\"}]", "messages[0].content", "invalid_value")]
    [InlineData("[{\"role\":\"assistant\",\"tool_calls\":[{}]}]", "messages[0].tool_calls[0].function", "missing_required_parameter")]
    public Task Chat_WithBadMessages_NamesThePlace(string messages, string param, string code)
        => RefusedAsync($$"""{"model":"{{TestGateway.Model}}","messages":{{messages}}}""", param, code);

    [Theory]
    [InlineData("", null, "invalid_json")]
    [InlineData("{\"model\":", null, "invalid_json")]
    [InlineData("[1,2]", null, "invalid_json")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", "model", "missing_required_parameter")]
    [InlineData("{\"\\ud800\":7}", null, "invalid_value")]
    [InlineData("{\"model\":7,\"messages\":[]}", "model", "invalid_type")]
    [InlineData("{\"model\":\"test-model\"}", "messages", "missing_required_parameter")]
    public Task Chat_WithABadBody_SaysWhatIsWrong(string body, string? param, string code) => RefusedAsync(body, param, code);

    [Fact]
    public async Task Chat_WithABodyNestedTooDeep_IsInvalid()
        => await RefusedAsync(new string('[', 5000), null, "invalid_json");

    [Fact]
    public async Task Chat_WithBytesThatAreNoUtf8_IsInvalid()
    {
        await using var gateway = await TestGateway.StartAsync("");
        using var content = new ByteArrayContent([.. "{\"model\":\""u8, 0xff, 0xfe, .. "\"}"u8]);
        content.Headers.ContentType = new("application/json");

        var answer = await TestGateway.JsonAsync(await gateway.Http.PostAsync("/v1/chat/completions", content), HttpStatusCode.BadRequest);

        Assert.Equal("invalid_request_error", answer.GetProperty("error").GetProperty("type").GetString());
    }

    [Fact]
    public async Task Chat_WithTooManyMessages_SaysHowManyAreAllowed()
    {
        await using var gateway = await TestGateway.StartAsync(ScriptedGenerator.Saying(""), new GatewayOptions { MaxMessages = 2 });
        var message = "{\"role\":\"user\",\"content\":\"x\"}";

        var answer = await TestGateway.JsonAsync(
            await gateway.PostAsync("/v1/chat/completions", $$"""{"model":"{{TestGateway.Model}}","messages":[{{message}},{{message}},{{message}}]}"""),
            HttpStatusCode.BadRequest);

        Assert.Equal("array_above_max_length", answer.GetProperty("error").GetProperty("code").GetString());
        Assert.Contains("at most 2", answer.GetProperty("error").GetProperty("message").GetString());
    }

    [Fact]
    public async Task Chat_PastTheContext_SaysTheNumbers()
    {
        await using var gateway = await TestGateway.StartAsync("");

        var error = (await gateway.ChatJsonAsync("\"max_tokens\":500", HttpStatusCode.BadRequest)).GetProperty("error");

        Assert.Matches(@"512 tokens.*requested \d+ tokens \(\d+ in the prompt, 500 in the completion\)", error.GetProperty("message").GetString());
    }

    [Fact]
    public async Task Chat_WithAnUnknownModel_IsNotFound()
    {
        await using var gateway = await TestGateway.StartAsync("");

        var answer = await TestGateway.JsonAsync(
            await gateway.PostAsync("/v1/chat/completions", """{"model":"other","messages":[{"role":"user","content":"x"}]}"""),
            HttpStatusCode.NotFound);

        Assert.Equal("model_not_found", answer.GetProperty("error").GetProperty("code").GetString());
        Assert.Equal("model", answer.GetProperty("error").GetProperty("param").GetString());
    }

    [Fact]
    public async Task Chat_NullFields_CountAsLeftOut()
    {
        await using var gateway = await TestGateway.StartAsync("x");

        await gateway.ChatJsonAsync("\"temperature\":null,\"stop\":null,\"max_tokens\":null,\"logit_bias\":null,\"tools\":null,\"response_format\":null,\"stream\":null,\"seed\":null");

        Assert.Equal(1f, Assert.Single(gateway.Generator.Requests).Sampling.Temperature);
    }

    private static async Task RefusedAsync(string body, string? param, string code)
    {
        await using var gateway = await TestGateway.StartAsync("never");

        var error = (await TestGateway.JsonAsync(await gateway.PostAsync("/v1/chat/completions", body), HttpStatusCode.BadRequest)).GetProperty("error");

        Assert.Equal(code, error.GetProperty("code").GetString());
        Assert.Equal(param, error.GetProperty("param").GetString());
        Assert.Equal("invalid_request_error", error.GetProperty("type").GetString());
        Assert.NotEqual(JsonValueKind.Null, error.GetProperty("message").ValueKind);
        Assert.Empty(gateway.Generator.Requests);
    }
}
