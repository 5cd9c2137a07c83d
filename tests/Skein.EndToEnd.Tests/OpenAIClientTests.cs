using System.ClientModel;
using System.Text.Json;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Models;
using Skein.EndToEnd.Tests.Harness;

namespace Skein.EndToEnd.Tests;

/// <summary>OpenAI's own .NET client against real stages.</summary>
[Collection(nameof(RingFixture))]
public sealed class OpenAIClientTests(RingFixture fixture)
{
    private static readonly ChatMessage[] Question = [new SystemChatMessage("You are a helpful assistant."), new UserChatMessage("What is the capital of France?")];

    [Fact]
    public async Task Chat_WholeAndStreamed_AreTheSameText()
    {
        var options = new ChatCompletionOptions { Temperature = 0, MaxOutputTokenCount = 24 };

        ChatCompletion whole = await Client().CompleteChatAsync(Question, options);
        var streamed = "";
        ChatFinishReason? finish = null;
        await foreach (var update in Client().CompleteChatStreamingAsync(Question, options))
        {
            streamed += string.Concat(update.ContentUpdate.Select(part => part.Text));
            finish ??= update.FinishReason;
        }

        Assert.Contains("Paris", whole.Content[0].Text, StringComparison.Ordinal);
        Assert.Equal(whole.Content[0].Text, streamed);
        Assert.Equal(whole.FinishReason, finish);
        Assert.True(whole.Usage.InputTokenCount > 10 && whole.Usage.OutputTokenCount > 3);
    }

    [Fact]
    public async Task Chat_JsonObject_IsJson()
    {
        var options = new ChatCompletionOptions { Temperature = 0, MaxOutputTokenCount = 200, ResponseFormat = ChatResponseFormat.CreateJsonObjectFormat() };

        ChatCompletion answer = await Client().CompleteChatAsync([new UserChatMessage("Reply with a JSON object with one field \"city\": the capital of France.")], options);

        // A reply that reached its bound is cut off; what came obeys the grammar either way.
        Assert.StartsWith("{", answer.Content[0].Text.TrimStart(), StringComparison.Ordinal);
        if (answer.FinishReason == ChatFinishReason.Stop)
        {
            using var json = JsonDocument.Parse(answer.Content[0].Text);
            Assert.Equal(JsonValueKind.Object, json.RootElement.ValueKind);
        }
    }

    [Fact]
    public async Task Chat_LogprobsAndStop_AreThoseOfTheModel()
    {
        var options = new ChatCompletionOptions { Temperature = 0, MaxOutputTokenCount = 24, IncludeLogProbabilities = true, TopLogProbabilityCount = 3, StopSequences = { "France" } };

        ChatCompletion answer = await Client().CompleteChatAsync(Question, options);

        Assert.DoesNotContain("France", answer.Content[0].Text, StringComparison.Ordinal);
        Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);
        Assert.All(answer.ContentTokenLogProbabilities, token =>
        {
            Assert.Equal(3, token.TopLogProbabilities.Count);
            // Greedy takes the likeliest.
            Assert.Equal(token.Token, token.TopLogProbabilities[0].Token);
            Assert.InRange(token.LogProbability, -20, 0);
        });
    }

    [Fact]
    public async Task Chat_SeveralChoices_DifferWhenSampledAndRepeatWithTheSeed()
    {
        var body = Ring.Chat("Tell me a story.", 24);
        body["temperature"] = 1;
        body["n"] = 3;
        body["seed"] = 7;

        var first = Texts(await fixture.Ring.CompleteAsync((System.Text.Json.Nodes.JsonObject)body.DeepClone()));
        var second = Texts(await fixture.Ring.CompleteAsync(body));

        Assert.Equal(3, first.Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(first, second);

        static string[] Texts(System.Text.Json.Nodes.JsonNode answer) => [.. answer["choices"]!.AsArray().Select(choice => choice!["message"]!["content"]!.GetValue<string>())];
    }

    [Fact]
    public async Task Models_AreListed()
    {
        OpenAIModelCollection models = await new OpenAIModelClient(new ApiKeyCredential("none"), Options()).GetModelsAsync();

        Assert.Equal([Ring.Model], models.Select(model => model.Id));
    }

    [Fact]
    public async Task Chat_UnknownModelOrTooLong_IsAnErrorThatSaysWhy()
    {
        var unknown = await Assert.ThrowsAsync<ClientResultException>(() => new ChatClient("no-such-model", new ApiKeyCredential("none"), Options()).CompleteChatAsync(Question));
        var tooLong = await Assert.ThrowsAsync<ClientResultException>(() => Client().CompleteChatAsync([new UserChatMessage(string.Concat(Enumerable.Repeat("word ", 9000)))]));

        Assert.Equal(404, unknown.Status);
        Assert.Contains("no-such-model", unknown.Message, StringComparison.Ordinal);
        Assert.Equal(400, tooLong.Status);
        Assert.Contains("context_length_exceeded", tooLong.Message, StringComparison.Ordinal);
    }

    private ChatClient Client() => new(Ring.Model, new ApiKeyCredential("none"), Options());

    private OpenAIClientOptions Options() => new() { Endpoint = new Uri(fixture.Ring.Http.BaseAddress!, "v1") };
}
