using System.ClientModel;
using OpenAI;
using OpenAI.Chat;
using Skein.Core.Stages;
using Skein.Gateway.Tests.Fakes;

namespace Skein.Gateway.Tests.Clients;

/// <summary>OpenAI's own .NET client against the gateway.</summary>
public sealed class DotNetClientTests
{
    [Fact]
    public async Task Chat_Whole_IsUnderstood()
    {
        await using var gateway = await TestGateway.StartAsync("The capital is Paris.");

        ChatCompletion answer = await Client(gateway).CompleteChatAsync([new SystemChatMessage("You are kind."), new UserChatMessage("Capital of France?")]);

        Assert.Equal("The capital is Paris.", answer.Content[0].Text);
        Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);
        Assert.Equal(22, answer.Usage.OutputTokenCount);
    }

    [Fact]
    public async Task Chat_Streamed_IsUnderstood()
    {
        await using var gateway = await TestGateway.StartAsync("The capital is Paris.");
        var text = "";
        ChatFinishReason? finish = null;

        await foreach (var update in Client(gateway).CompleteChatStreamingAsync([new UserChatMessage("Capital of France?")]))
        {
            text += string.Concat(update.ContentUpdate.Select(part => part.Text));
            finish ??= update.FinishReason;
        }

        Assert.Equal("The capital is Paris.", text);
        Assert.Equal(ChatFinishReason.Stop, finish);
    }

    [Fact]
    public async Task Chat_StreamBreaksOff_IsAnException()
    {
        await using var gateway = await TestGateway.StartAsync(new ScriptedGenerator(_ =>
            ScriptedGenerator.Say("Half of").Append(new ScriptedGenerator.ThrowStep(new StageException(StageError.ComputeFailed, "node-b died")))));
        var text = "";

        var failure = await Record.ExceptionAsync(async () =>
        {
            await foreach (var update in Client(gateway).CompleteChatStreamingAsync([new UserChatMessage("Capital of France?")]))
            {
                text += string.Concat(update.ContentUpdate.Select(part => part.Text));
                Assert.NotEqual(ChatFinishReason.Stop, update.FinishReason);
            }
        });

        Assert.Equal("Half of", text);

        // The client has no type for errors inside a stream: it stops at the finish reason that it does not know.
        Assert.Contains("error", Assert.IsType<ArgumentOutOfRangeException>(failure).Message);
    }

    private static ChatClient Client(TestGateway gateway, string model = TestGateway.Model)
        => new(model, new ApiKeyCredential("none"), Options(gateway));

    private static OpenAIClientOptions Options(TestGateway gateway)
        => new() { Endpoint = new Uri(gateway.Address, "/v1"), RetryPolicy = new System.ClientModel.Primitives.ClientRetryPolicy(0), NetworkTimeout = TestGateway.Patience };
}
