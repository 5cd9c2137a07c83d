using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text.Json.Nodes;
using Skein.EndToEnd.Tests.Harness;

namespace Skein.EndToEnd.Tests;

public sealed class NodeDeathTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Reply_NodeKilledMidway_EndsWithAnErrorAndHealsAfterRestart(int victim)
    {
        await using var ring = await Ring.StartAsync();
        var undisturbed = await ring.AnswerAsync("Count from one to ten.", 24);
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions") { Content = JsonContent.Create(Ring.Chat("Write a long story about a river.", 900, stream: true)) };
        using var response = await ring.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);

        var pieces = 0;
        var finishes = new List<string>();
        JsonNode? error = null;
        var sinceDeath = new Stopwatch();
        await using var stream = await response.Content.ReadAsStreamAsync();
        await foreach (var item in SseParser.Create(stream).EnumerateAsync().WithCancellation(new CancellationTokenSource(TimeSpan.FromSeconds(90)).Token))
        {
            if (item.Data == "[DONE]")
            {
                continue;
            }

            var chunk = JsonNode.Parse(item.Data)!;
            error ??= chunk["error"];
            if (chunk["choices"]?[0] is { } choice)
            {
                if (choice["delta"]?["content"] is not null && ++pieces == 8)
                {
                    ring.Nodes[victim].Kill();
                    sinceDeath.Start();
                }

                if (choice["finish_reason"] is JsonValue reason)
                {
                    finishes.Add(reason.GetValue<string>());
                }
            }
        }

        Assert.True(pieces >= 8, $"only {pieces} pieces came");
        Assert.NotNull(error);
        Assert.DoesNotContain("stop", finishes);
        Assert.DoesNotContain("length", finishes);
        Assert.True(sinceDeath.Elapsed < TimeSpan.FromSeconds(10), $"the error took {sinceDeath.Elapsed}");
        Assert.False(ring.Gateway.HasExited);

        // Without the node: a clear refusal, not a hang.
        using (var refused = await ring.Http.PostAsJsonAsync("v1/chat/completions", Ring.Chat("Hello", 4)))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        }

        await ring.RestartNodeAsync(victim);
        await ring.WaitUntilReadyAsync();
        Assert.Equal(undisturbed, await ring.AnswerAsync("Count from one to ten.", 24));
    }

    [Fact]
    public async Task Reply_NodeStopsComputing_EndsWithAnErrorInBoundedTime()
    {
        await using var ring = await Ring.StartAsync();
        await ring.AnswerAsync("Warm up.", 4);
        Signals.Send(ring.Nodes[1].Id, Signals.Stop);
        try
        {
            var clock = Stopwatch.StartNew();
            using var response = await ring.Http.PostAsJsonAsync("v1/chat/completions", Ring.Chat("Hello", 16));

            Assert.True((int)response.StatusCode >= 500, $"got {response.StatusCode}");
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(60), $"took {clock.Elapsed}");
        }
        finally
        {
            Signals.Send(ring.Nodes[1].Id, Signals.Continue);
        }

        await ring.WaitUntilReadyAsync();
        Assert.NotEmpty(await ring.AnswerAsync("Hello", 8));
    }
}
