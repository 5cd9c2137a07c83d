using System.Net;
using System.Text.Json;
using Skein.Gateway.Tests.Fakes;

namespace Skein.Gateway.Tests.Chat;

public sealed class ChatTests
{
    [Fact]
    public async Task Chat_Whole_AnswersInOpenAIsShape()
    {
        await using var gateway = await TestGateway.StartAsync("Paris, é 😀");

        var answer = await gateway.ChatJsonAsync("\"seed\":7,\"temperature\":0");

        Assert.Equal("chat.completion", answer.GetProperty("object").GetString());
        Assert.StartsWith("chatcmpl-", answer.GetProperty("id").GetString());
        Assert.Equal(TestGateway.Model, answer.GetProperty("model").GetString());
        var choice = Assert.Single(answer.GetProperty("choices").EnumerateArray());
        Assert.Equal("Paris, é 😀", choice.GetProperty("message").GetProperty("content").GetString());
        Assert.Equal("assistant", choice.GetProperty("message").GetProperty("role").GetString());
        Assert.Equal("stop", choice.GetProperty("finish_reason").GetString());
        Assert.Equal(JsonValueKind.Null, choice.GetProperty("logprobs").ValueKind);
        var usage = answer.GetProperty("usage");
        var request = Assert.Single(gateway.Generator.Requests);
        Assert.Equal(request.Prompt.Length, usage.GetProperty("prompt_tokens").GetInt32());
        Assert.Equal(15, usage.GetProperty("completion_tokens").GetInt32());
        Assert.Equal(request.Prompt.Length + 15, usage.GetProperty("total_tokens").GetInt32());
        Assert.Equal(7UL, request.Sampling.Seed);
        Assert.True(request.Sampling.IsGreedy);
        Assert.Equal([ByteTokenizer.Begin, ByteTokenizer.TurnStart, (int)'u'], request.Prompt[..3].ToArray());
    }

    [Fact]
    public async Task Chat_Streamed_GivesTheSameTextInPieces()
    {
        await using var gateway = await TestGateway.StartAsync("Paris, é 😀");

        var (events, done) = await TestGateway.EventsAsync(await gateway.ChatAsync("\"stream\":true,\"stream_options\":{\"include_usage\":true}", streaming: true));

        Assert.True(done);
        Assert.All(events, item => Assert.Equal("chat.completion.chunk", item.GetProperty("object").GetString()));
        Assert.Equal("assistant", events[0].GetProperty("choices")[0].GetProperty("delta").GetProperty("role").GetString());
        Assert.Equal("Paris, é 😀", TextOf(events));
        Assert.Equal("stop", events[^2].GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        Assert.Empty(events[^1].GetProperty("choices").EnumerateArray());
        Assert.Equal(15, events[^1].GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        Assert.DoesNotContain(events, item => item.GetProperty("choices").EnumerateArray().Any(choice => choice.GetProperty("delta").TryGetProperty("content", out var content) && content.GetString()!.Contains('�')));
    }

    [Fact]
    public async Task Chat_AtTheBoundOnTokens_FinishesWithLength()
    {
        await using var gateway = await TestGateway.StartAsync("abcdef");

        var answer = await gateway.ChatJsonAsync("\"max_tokens\":3");

        Assert.Equal("abc", answer.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
        Assert.Equal("length", answer.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
    }

    [Fact]
    public async Task Chat_BrokenOffBeforeTheFirstToken_IsAnErrorWithStatus()
    {
        await using var gateway = await TestGateway.StartAsync(new ScriptedGenerator(_ => [new ScriptedGenerator.ThrowStep(new InvalidOperationException("secret internals"))]));

        var answer = await gateway.ChatJsonAsync("\"stream\":true", HttpStatusCode.InternalServerError);

        Assert.Equal("server_error", answer.GetProperty("error").GetProperty("type").GetString());
        Assert.DoesNotContain("secret", answer.ToString());
    }

    internal static string TextOf(IEnumerable<JsonElement> events, int index = 0)
        => string.Concat(events.SelectMany(item => item.GetProperty("choices").EnumerateArray())
            .Where(choice => choice.GetProperty("index").GetInt32() == index)
            .Select(choice => choice.GetProperty("delta").TryGetProperty("content", out var content) ? content.GetString() : ""));
}
