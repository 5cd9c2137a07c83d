using System.ClientModel;
using System.ClientModel.Primitives;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Models;
using Skein.Core.Stages;
using Skein.Engine.Text;
using Skein.Gateway.Tests.Fakes;

namespace Skein.Gateway.Tests.Clients;

/// <summary>OpenAI's own .NET client against the gateway.</summary>
public sealed class DotNetClientTests
{
    private static readonly ChatMessage[] Question = [new SystemChatMessage("You are kind."), new UserChatMessage("Capital of France?")];

    [Fact]
    public async Task Chat_Whole_IsUnderstood()
    {
        await using var gateway = await TestGateway.StartAsync("The capital is Paris.");

        ChatCompletion answer = await Client(gateway).CompleteChatAsync(Question);

        Assert.Equal("The capital is Paris.", answer.Content[0].Text);
        Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);
        Assert.Equal(22, answer.Usage.OutputTokenCount);
        Assert.Equal(["system", "user"], gateway.Prompt.Messages!.Select(message => (string)message!["role"]!));
    }

    [Fact]
    public async Task Chat_WithEveryOption_CarriesThem()
    {
        await using var gateway = await TestGateway.StartAsync("abc<end>def");
        var options = new ChatCompletionOptions
        {
            MaxOutputTokenCount = 50,
            Temperature = 0.5f,
            TopP = 0.75f,
            FrequencyPenalty = 0.25f,
            PresencePenalty = -0.5f,
            IncludeLogProbabilities = true,
            TopLogProbabilityCount = 2,
            EndUserId = "somebody",
            StopSequences = { "<end>" },
            LogitBiases = { [65] = -100 },
        };
#pragma warning disable OPENAI001 // the client calls its seed an experiment
        options.Seed = 42;
#pragma warning restore OPENAI001

        ChatCompletion answer = await Client(gateway).CompleteChatAsync(Question, options);

        Assert.Equal("abc", answer.Content[0].Text);
        Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);
        Assert.Equal(["a", "b", "c"], answer.ContentTokenLogProbabilities.Select(token => token.Token));
        Assert.Equal("a"u8.ToArray(), answer.ContentTokenLogProbabilities[0].Utf8Bytes!.Value.ToArray());
        Assert.Equal(2, answer.ContentTokenLogProbabilities[0].TopLogProbabilities.Count);
        var request = Assert.Single(gateway.Generator.Requests);
        Assert.Equal(50, request.MaxTokens);
        Assert.Equal(2, request.TopLogprobs);
        Assert.Equal((0.5f, 0.75f, 0.25f, -0.5f, 42UL), (request.Sampling.Temperature, request.Sampling.TopP, request.Sampling.FrequencyPenalty, request.Sampling.PresencePenalty, request.Sampling.Seed));
        Assert.Equal(-100f, request.Sampling.LogitBias[65]);
    }

    [Fact]
    public async Task Chat_Streamed_IsUnderstood()
    {
        await using var gateway = await TestGateway.StartAsync("The capital is Paris.");
        var text = "";
        ChatFinishReason? finish = null;
        ChatTokenUsage? usage = null;

        await foreach (var update in Client(gateway).CompleteChatStreamingAsync(Question))
        {
            text += string.Concat(update.ContentUpdate.Select(part => part.Text));
            finish ??= update.FinishReason;
            usage ??= update.Usage;
        }

        Assert.Equal("The capital is Paris.", text);
        Assert.Equal(ChatFinishReason.Stop, finish);
        Assert.Equal(22, usage!.OutputTokenCount);
    }

    [Fact]
    public async Task Chat_JsonObject_IsHeldToTheGrammar()
    {
        await using var gateway = await TestGateway.StartAsync("{}");

        ChatCompletion answer = await Client(gateway).CompleteChatAsync(Question, new ChatCompletionOptions { ResponseFormat = ChatResponseFormat.CreateJsonObjectFormat() });

        Assert.Equal("{}", answer.Content[0].Text);
        Assert.Equal(JsonGrammar.AnyObject, Assert.Single(gateway.Generator.Requests).Sampling.Grammar);
    }

    [Fact]
    public async Task Models_ListAndOne_AreUnderstood()
    {
        await using var gateway = await TestGateway.StartAsync("");
        var client = new OpenAIModelClient(new ApiKeyCredential("none"), Options(gateway));

        OpenAIModelCollection models = await client.GetModelsAsync();
        OpenAIModel one = await client.GetModelAsync(TestGateway.Model);

        Assert.Equal([TestGateway.Model], models.Select(model => model.Id));
        Assert.Equal("skein", one.OwnedBy);
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1_700_000_000), one.CreatedAt);
    }

    [Fact]
    public async Task Chat_WithAnUnknownModel_IsNotFound()
    {
        await using var gateway = await TestGateway.StartAsync("");

        var failure = await Assert.ThrowsAsync<ClientResultException>(() => Client(gateway, "no-such-model").CompleteChatAsync(Question));

        Assert.Equal(404, failure.Status);
        Assert.Contains("no-such-model", failure.Message);
        Assert.Contains("model_not_found", failure.Message);
    }

    [Fact]
    public async Task Chat_TooLong_SaysHowMuch()
    {
        await using var gateway = await TestGateway.StartAsync("");

        var failure = await Assert.ThrowsAsync<ClientResultException>(() => Client(gateway).CompleteChatAsync([new UserChatMessage(new string('x', 600))]));

        Assert.Equal(400, failure.Status);
        Assert.Contains("context_length_exceeded", failure.Message);
        Assert.Contains("512 tokens", failure.Message);
    }

    [Fact]
    public async Task Chat_StreamRefused_IsAnExceptionBeforeTheFirstUpdate()
    {
        await using var gateway = await TestGateway.StartAsync(new ScriptedGenerator(_ => [new ScriptedGenerator.ThrowStep(new StageException(StageError.KvBudgetExhausted, "no room"))]));

        var failure = await Assert.ThrowsAsync<ClientResultException>(async () =>
        {
            await foreach (var update in Client(gateway).CompleteChatStreamingAsync(Question))
            {
                Assert.Fail($"An update came: {update.CompletionId}");
            }
        });

        Assert.Equal(503, failure.Status);
        Assert.True(failure.GetRawResponse()!.Headers.TryGetValue("Retry-After", out _));
    }

    [Fact]
    public async Task Chat_StreamBreaksOff_IsAnException()
    {
        await using var gateway = await TestGateway.StartAsync(new ScriptedGenerator(_ =>
            ScriptedGenerator.Say("Half of").Append(new ScriptedGenerator.ThrowStep(new StageException(StageError.ComputeFailed, "node-b died")))));
        var text = "";

        var failure = await Record.ExceptionAsync(async () =>
        {
            await foreach (var update in Client(gateway).CompleteChatStreamingAsync(Question))
            {
                text += string.Concat(update.ContentUpdate.Select(part => part.Text));
                Assert.NotEqual(ChatFinishReason.Stop, update.FinishReason);
            }
        });

        Assert.Equal("Half of", text);

        // The client has no type for errors inside a stream: it stops at the finish reason that it does not know.
        Assert.Contains("error", Assert.IsType<ArgumentOutOfRangeException>(failure).Message);
    }

    private static ChatClient Client(TestGateway gateway, string model = TestGateway.Model) => new(model, new ApiKeyCredential("none"), Options(gateway));

    private static OpenAIClientOptions Options(TestGateway gateway)
        => new() { Endpoint = new Uri(gateway.Address, "/v1"), RetryPolicy = new ClientRetryPolicy(0), NetworkTimeout = TestGateway.Patience };
}
