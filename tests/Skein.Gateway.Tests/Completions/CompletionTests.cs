using System.Net;
using Skein.Core.Stages;
using Skein.Gateway.Replies;
using Skein.Gateway.Tests.Fakes;

namespace Skein.Gateway.Tests.Completions;

public sealed class CompletionTests
{
    [Fact]
    public async Task Completion_OfText_AnswersInOpenAIsShape()
    {
        await using var gateway = await TestGateway.StartAsync(" a time");

        var answer = await gateway.CompleteJsonAsync("\"prompt\":\"Once upon\"");

        Assert.Equal("text_completion", answer.GetProperty("object").GetString());
        Assert.StartsWith("cmpl-", answer.GetProperty("id").GetString());
        var choice = Assert.Single(answer.GetProperty("choices").EnumerateArray());
        Assert.Equal(" a time", choice.GetProperty("text").GetString());
        Assert.Equal("stop", choice.GetProperty("finish_reason").GetString());
        Assert.Equal(10, answer.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
        var request = Assert.Single(gateway.Generator.Requests);
        Assert.Equal(ByteTokenizer.Begin, request.Prompt.Span[0]);
        Assert.Equal(16, request.MaxTokens);
    }

    [Fact]
    public async Task Completion_Streamed_GivesTheSameText()
    {
        await using var gateway = await TestGateway.StartAsync(" caf\u00e9");

        var (events, done) = await TestGateway.EventsAsync(await gateway.CompleteAsync("\"prompt\":\"Once\",\"stream\":true,\"echo\":true,\"stream_options\":{\"include_usage\":true}"));

        Assert.True(done);
        Assert.Equal("Once caf\u00e9", string.Concat(events.SelectMany(item => item.GetProperty("choices").EnumerateArray()).Select(choice => choice.GetProperty("text").GetString())));
        Assert.Equal("stop", events[^2].GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        Assert.Equal(7, events[^1].GetProperty("usage").GetProperty("completion_tokens").GetInt32());
    }

    [Fact]
    public async Task Completion_OfTokenIds_TakesThemAsTheyAre()
    {
        await using var gateway = await TestGateway.StartAsync("x");

        var answer = await gateway.CompleteJsonAsync("\"prompt\":[104,105],\"echo\":true");

        Assert.Equal("hix", answer.GetProperty("choices")[0].GetProperty("text").GetString());
        Assert.Equal([104, 105], Assert.Single(gateway.Generator.Requests).Prompt.ToArray());
    }

    [Theory]
    [InlineData("[\"ab\",\"cd\"]")]
    [InlineData("[[97,98],[99,100]]")]
    [InlineData("[\"ab\",[99,100]]")]
    public async Task Completion_OfSeveralPrompts_AnswersEachInOrder(string prompts)
    {
        await using var gateway = await TestGateway.StartAsync(new ScriptedGenerator(request =>
            ScriptedGenerator.Say($"{(char)request.Prompt.Span[^1]}{request.Sampling.Seed}").Append(new ScriptedGenerator.EndStep())));

        var answer = await gateway.CompleteJsonAsync($"\"prompt\":{prompts},\"n\":2,\"seed\":5");

        Assert.Equal(["b5", "b6", "d7", "d8"], answer.GetProperty("choices").EnumerateArray().Select(choice => choice.GetProperty("text").GetString()));
        Assert.Equal([0, 1, 2, 3], answer.GetProperty("choices").EnumerateArray().Select(choice => choice.GetProperty("index").GetInt32()));
    }

    [Fact]
    public async Task Completion_WithLogprobs_HasOpenAIsLists()
    {
        await using var gateway = await TestGateway.StartAsync("aéb");

        var logprobs = (await gateway.CompleteJsonAsync("\"prompt\":\"x\",\"logprobs\":2")).GetProperty("choices")[0].GetProperty("logprobs");

        Assert.Equal(["a", "\uFFFD", "\uFFFD", "b"], logprobs.GetProperty("tokens").EnumerateArray().Select(token => token.GetString()));
        Assert.Equal([-0.25f, -0.25f, -0.25f, -0.25f], logprobs.GetProperty("token_logprobs").EnumerateArray().Select(value => value.GetSingle()));
        Assert.Equal([0, 1, 1, 2], logprobs.GetProperty("text_offset").EnumerateArray().Select(value => value.GetInt32()));
        Assert.Equal("{\"a\":-0.25,\"B\":-2}", logprobs.GetProperty("top_logprobs")[0].GetRawText());
    }

    [Fact]
    public void Logprob_OfANearlyImpossibleToken_IsANumberThatJsonCanCarry()
    {
        Assert.Equal(-9999f, TokenText.Logprob(float.NegativeInfinity));
        Assert.Equal(-9999f, TokenText.Logprob(float.NaN));
        Assert.Equal(-1.5f, TokenText.Logprob(-1.5f));
    }

    [Fact]
    public async Task Completion_FailingMidway_EndsTheStreamWithAnError()
    {
        await using var gateway = await TestGateway.StartAsync(new ScriptedGenerator(_ =>
            ScriptedGenerator.Say("Half").Append(new ScriptedGenerator.ThrowStep(new StageException(StageError.ComputeFailed, "node-b died")))));

        var (events, done) = await TestGateway.EventsAsync(await gateway.CompleteAsync("\"prompt\":\"x\",\"stream\":true"));

        Assert.False(done);
        Assert.Equal("error", events[^1].GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        Assert.Equal("stage.compute_failed", events[^1].GetProperty("error").GetProperty("code").GetString());
    }

    [Theory]
    [InlineData("\"n\":1", "prompt", "missing_required_parameter")]
    [InlineData("\"prompt\":{}", "prompt", "invalid_type")]
    [InlineData("\"prompt\":[]", "prompt", "empty_array")]
    [InlineData("\"prompt\":[true]", "prompt[0]", "invalid_type")]
    [InlineData("\"prompt\":[[]]", "prompt[0]", "invalid_value")]
    [InlineData("\"prompt\":[1,260]", "prompt[1]", "invalid_value")]
    [InlineData("\"prompt\":[1,-1]", "prompt[1]", "invalid_value")]
    [InlineData("\"prompt\":[1,\"a\"]", "prompt[1]", "invalid_value")]
    [InlineData("\"prompt\":[[99999999999]]", "prompt[0][0]", "invalid_value")]
    [InlineData("\"prompt\":[\"a\",\"b\",\"c\"],\"n\":6", "n", "invalid_value")]
    [InlineData("\"prompt\":\"x\",\"suffix\":\"end\"", "suffix", "unsupported_value")]
    [InlineData("\"prompt\":\"x\",\"best_of\":4", "best_of", "unsupported_value")]
    [InlineData("\"prompt\":\"x\",\"logprobs\":6", "logprobs", "invalid_value")]
    [InlineData("\"prompt\":\"x\",\"logprobs\":true", "logprobs", "invalid_type")]
    [InlineData("\"prompt\":\"x\",\"echo\":true,\"logprobs\":1", "echo", "unsupported_value")]
    [InlineData("\"prompt\":\"x\",\"max_tokens\":0", "max_tokens", "invalid_value")]
    [InlineData("\"prompt\":\"x\",\"max_tokens\":600", "prompt", "context_length_exceeded")]
    public async Task Completion_WithABadField_NamesIt(string fields, string param, string code)
    {
        await using var gateway = await TestGateway.StartAsync("never");

        var error = (await gateway.CompleteJsonAsync(fields, HttpStatusCode.BadRequest)).GetProperty("error");

        Assert.Equal(code, error.GetProperty("code").GetString());
        Assert.Equal(param, error.GetProperty("param").GetString());
        Assert.Empty(gateway.Generator.Requests);
    }

    [Fact]
    public async Task Completion_ByAModelWithoutATemplate_Works_AndChatSaysWhy()
    {
        await using var gateway = await TestGateway.StartAsync(ScriptedGenerator.Saying("x"), withTemplate: false);

        await gateway.CompleteJsonAsync("\"prompt\":\"x\"");
        var error = (await gateway.ChatJsonAsync("", HttpStatusCode.BadRequest)).GetProperty("error");

        Assert.Contains("/v1/completions", error.GetProperty("message").GetString());
        Assert.Equal("model", error.GetProperty("param").GetString());
    }
}
