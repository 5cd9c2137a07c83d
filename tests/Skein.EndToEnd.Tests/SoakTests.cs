using System.Globalization;
using System.Net.Http.Json;
using Skein.EndToEnd.Tests.Harness;

namespace Skein.EndToEnd.Tests;

/// <summary>Mixed requests for a while: short form 200, long form <c>SKEIN_SOAK_REQUESTS=5000</c>.</summary>
public sealed class SoakTests
{
    private static readonly int Requests = int.TryParse(Environment.GetEnvironmentVariable("SKEIN_SOAK_REQUESTS"), NumberStyles.None, CultureInfo.InvariantCulture, out var set) ? set : 200;

    [Fact]
    public async Task MixedRequests_AfterMany_MemoryAndHandlesAreWhereTheyWere()
    {
        await using var ring = await Ring.StartAsync(kvTokens: 4096);
        var random = new Random(20260101);
        // The first round fills pools, code caches and the allocator's arenas; growth counts from there.
        await RunAsync(ring, random, 80);
        var processes = ring.Nodes.Append(ring.Gateway).ToArray();
        var before = processes.Select(process => ProcessFigures.Of(process.Id)).ToArray();

        await RunAsync(ring, random, Requests);
        await Task.Delay(TimeSpan.FromSeconds(1));

        for (var i = 0; i < processes.Length; i++)
        {
            var after = ProcessFigures.Of(processes[i].Id);
            Assert.True(after.Handles <= before[i].Handles + 8, $"process {i}: {before[i].Handles} handles grew to {after.Handles}");
            Assert.True(after.ResidentBytes <= before[i].ResidentBytes + (96 << 20), $"process {i}: {before[i].ResidentBytes >> 20} MiB grew to {after.ResidentBytes >> 20} MiB");
            Assert.True(after.Threads <= before[i].Threads + 16, $"process {i}: {before[i].Threads} threads grew to {after.Threads}");
        }

        // The whole KV budget can be had again: nothing stayed reserved.
        Assert.NotEmpty(await ring.AnswerAsync("Hello", 3900));
    }

    private static async Task RunAsync(Ring ring, Random random, int requests)
    {
        using var gate = new SemaphoreSlim(6);
        var running = Enumerable.Range(0, requests).Select(i => random.Next()).Select(async seed =>
        {
            await gate.WaitAsync();
            try
            {
                await OneAsync(ring, new Random(seed));
            }
            finally
            {
                gate.Release();
            }
        }).ToArray();
        await Task.WhenAll(running);
    }

    private static async Task OneAsync(Ring ring, Random random)
    {
        var prompt = string.Concat(Enumerable.Repeat("Rivers run to the sea. ", random.Next(1, 20)));
        var body = Ring.Chat(prompt, random.Next(1, 24), stream: random.Next(2) == 0);
        switch (random.Next(6))
        {
            case 0:
                // Leaves in the middle.
                using (var gone = new CancellationTokenSource())
                using (var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions") { Content = JsonContent.Create(body) })
                {
                    try
                    {
                        var sending = ring.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, gone.Token);
                        await Task.Delay(random.Next(50));
                        await gone.CancelAsync();
                        (await sending).Dispose();
                    }
                    catch (OperationCanceledException)
                    {
                        // As meant.
                    }
                }

                break;
            case 1:
                body["max_completion_tokens"] = -1;
                using (var refused = await ring.Http.PostAsJsonAsync("v1/chat/completions", body))
                {
                    Assert.Equal(System.Net.HttpStatusCode.BadRequest, refused.StatusCode);
                }

                break;
            case 2:
                body["temperature"] = 0.8;
                body["n"] = 2;
                body["stop"] = ".";
                await SendAsync(ring, body);
                break;
            default:
                await SendAsync(ring, body);
                break;
        }
    }

    private static async Task SendAsync(Ring ring, System.Text.Json.Nodes.JsonObject body)
    {
        using var response = await ring.Http.PostAsJsonAsync("v1/chat/completions", body);
        var text = await response.Content.ReadAsStringAsync();
        // A full house may send somebody away, saying when to come back.
        if (response.StatusCode is System.Net.HttpStatusCode.TooManyRequests or System.Net.HttpStatusCode.ServiceUnavailable)
        {
            Assert.NotNull(response.Headers.RetryAfter);
            return;
        }

        Assert.True(response.IsSuccessStatusCode, text);
        Assert.DoesNotContain("\"error\"", text, StringComparison.Ordinal);
    }
}
