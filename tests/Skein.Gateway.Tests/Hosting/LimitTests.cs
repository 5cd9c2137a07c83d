using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Skein.Core.Stages;
using Skein.Core.Units;
using Skein.Gateway.Hosting;
using Skein.Gateway.Tests.Fakes;

namespace Skein.Gateway.Tests.Hosting;

public sealed class LimitTests
{
    private static readonly GatewayOptions OneAtATime = new() { MaxActiveReplies = 1, MaxRepliesPerRequest = 1, MaxQueuedReplies = 1 };

    [Fact]
    public async Task Body_TooLarge_Is413()
    {
        await using var gateway = await TestGateway.StartAsync(ScriptedGenerator.Saying(""), new GatewayOptions { MaxRequestBytes = ByteSize.KiB(4) });

        var answer = await TestGateway.JsonAsync(await gateway.ChatAsync($"\"user\":\"{new string('x', 5000)}\""), HttpStatusCode.RequestEntityTooLarge);

        Assert.Equal("request_too_large", answer.GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public async Task Body_NotSentAsJson_Is415()
    {
        await using var gateway = await TestGateway.StartAsync("");
        using var content = new StringContent("{}", Encoding.UTF8, "text/plain");

        var answer = await TestGateway.JsonAsync(await gateway.Http.PostAsync("/v1/chat/completions", content), HttpStatusCode.UnsupportedMediaType);

        Assert.Contains("application/json", answer.GetProperty("error").GetProperty("message").GetString());
    }

    [Fact]
    public async Task Body_ThatDoesNotArrive_Is408()
    {
        await using var gateway = await TestGateway.StartAsync(ScriptedGenerator.Saying(""), new GatewayOptions { BodyTimeout = TimeSpan.FromMilliseconds(50) });
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, gateway.Address.Port);
        var stream = client.GetStream();
        await stream.WriteAsync("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"u8.ToArray());
        using var reader = new StreamReader(stream);

        var status = await reader.ReadLineAsync().WaitAsync(TestGateway.Patience);

        Assert.Equal("HTTP/1.1 408 Request Timeout", status);
    }

    [Theory]
    [InlineData("GET", "/v1/nothing", HttpStatusCode.NotFound)]
    [InlineData("GET", "/nothing", HttpStatusCode.NotFound)]
    [InlineData("GET", "/v1/chat/completions", HttpStatusCode.MethodNotAllowed)]
    [InlineData("DELETE", "/v1/models", HttpStatusCode.MethodNotAllowed)]
    public async Task Path_OrMethodUnknown_IsAnErrorInOpenAIsShape(string method, string path, HttpStatusCode status)
    {
        await using var gateway = await TestGateway.StartAsync("");
        using var request = new HttpRequestMessage(new HttpMethod(method), path);

        var answer = await TestGateway.JsonAsync(await gateway.Http.SendAsync(request), status);

        Assert.Equal("invalid_request_error", answer.GetProperty("error").GetProperty("type").GetString());
    }

    [Fact]
    public async Task Requests_MoreThanMayWait_AreToldToComeBack()
    {
        var release = new TaskCompletionSource();
        await using var gateway = await TestGateway.StartAsync(
            new ScriptedGenerator(_ => ScriptedGenerator.Say("x").Prepend(new ScriptedGenerator.WaitStep(release.Task)).Append(new ScriptedGenerator.EndStep())),
            OneAtATime);
        var running = gateway.ChatAsync();
        await gateway.Generator.Begun.Task.WaitAsync(TestGateway.Patience);

        // One of these two waits for its turn, the other finds the queue full: which, is chance.
        Task<HttpResponseMessage>[] more = [gateway.ChatAsync(), gateway.ChatAsync()];
        using var refused = await await Task.WhenAny(more).WaitAsync(TestGateway.Patience);
        release.SetResult();

        var error = await TestGateway.JsonAsync(refused, HttpStatusCode.TooManyRequests);
        Assert.Equal("rate_limit_exceeded", error.GetProperty("error").GetProperty("code").GetString());
        Assert.True(refused.Headers.RetryAfter!.Delta > TimeSpan.Zero);
        await TestGateway.JsonAsync(await running);
        var answers = await Task.WhenAll(more);
        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.TooManyRequests], answers.Select(answer => answer.StatusCode).Order());
    }

    [Fact]
    public async Task Request_WaitingTooLong_IsToldToComeBack()
    {
        await using var gateway = await TestGateway.StartAsync(
            new ScriptedGenerator(_ => [new ScriptedGenerator.WaitStep(new TaskCompletionSource().Task)]),
            OneAtATime with { QueueTimeout = TimeSpan.FromMilliseconds(50) });
        using var leave = new CancellationTokenSource();
        var running = gateway.Http.PostAsync("/v1/completions", new StringContent($$"""{"model":"{{TestGateway.Model}}","prompt":"x"}""", Encoding.UTF8, "application/json"), leave.Token);
        await gateway.Generator.Begun.Task.WaitAsync(TestGateway.Patience);

        using var refused = await gateway.ChatAsync();

        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Single(gateway.Generator.Requests);
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public async Task Request_ThatLeavesTheQueue_GivesItsPlaceBack()
    {
        var release = new TaskCompletionSource();
        await using var gateway = await TestGateway.StartAsync(
            new ScriptedGenerator(_ => ScriptedGenerator.Say("x").Prepend(new ScriptedGenerator.WaitStep(release.Task)).Append(new ScriptedGenerator.EndStep())),
            OneAtATime);
        var running = gateway.ChatAsync();
        await gateway.Generator.Begun.Task.WaitAsync(TestGateway.Patience);
        using var leave = new CancellationTokenSource();
        var waiting = gateway.Http.PostAsync("/v1/completions", new StringContent($$"""{"model":"{{TestGateway.Model}}","prompt":"x"}""", Encoding.UTF8, "application/json"), leave.Token);
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);

        // The server learns of it a moment later; until then the place is taken.
        var next = await EventuallyAsync(() => gateway.ChatAsync("\"max_tokens\":1"), release);

        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
        await TestGateway.JsonAsync(await running);
    }

    [Fact]
    public async Task Reply_TakingTooLong_IsStoppedWithAnError()
    {
        var time = new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(1_700_000_123));
        await using var gateway = await TestGateway.StartAsync(
            new ScriptedGenerator(_ => ScriptedGenerator.Say("first").Append(new ScriptedGenerator.WaitStep(new TaskCompletionSource().Task))),
            new GatewayOptions { ReplyTimeout = TimeSpan.FromMinutes(10) },
            builder => builder.Services.AddSingleton<TimeProvider>(time));
        using var response = await gateway.ChatAsync("\"stream\":true", streaming: true);

        time.Advance(TimeSpan.FromMinutes(10));
        var (events, done) = await TestGateway.EventsAsync(response);

        Assert.False(done);
        Assert.Equal("reply_timeout", events[^1].GetProperty("error").GetProperty("code").GetString());
        Assert.Equal(1_700_000_123, events[0].GetProperty("created").GetInt64());
        await gateway.Generator.GivenUp.Task.WaitAsync(TestGateway.Patience);
    }

    [Theory]
    [InlineData(StageError.KvBudgetExhausted)]
    [InlineData(StageError.TooManySequences)]
    [InlineData(StageError.Busy)]
    public async Task Stages_WithoutRoom_AreUnavailableForAMoment(StageError error)
    {
        await using var gateway = await TestGateway.StartAsync(new ScriptedGenerator(_ => [new ScriptedGenerator.ThrowStep(new StageException(error, "no room in blocks 0..3"))]));

        using var response = await gateway.ChatAsync();

        Assert.True(response.Headers.RetryAfter!.Delta > TimeSpan.Zero);
        var answer = await TestGateway.JsonAsync(response, HttpStatusCode.ServiceUnavailable);
        Assert.Equal("no room in blocks 0..3", answer.GetProperty("error").GetProperty("message").GetString());
    }

    [Fact]
    public async Task Generator_RefusingTheRequest_IsTheClientsFault()
    {
        await using var gateway = await TestGateway.StartAsync(new ScriptedGenerator(_ => [new ScriptedGenerator.ThrowStep(new ArgumentException("The grammar does not parse.", "options"))]));

        var error = (await gateway.ChatJsonAsync("", HttpStatusCode.BadRequest)).GetProperty("error");

        Assert.Equal("The grammar does not parse.", error.GetProperty("message").GetString());
    }

    [Fact]
    public void Options_ThatCannotWork_NameAllFaults()
    {
        var options = new GatewayOptions { MaxActiveReplies = 0, MaxMessages = 0, ApiKeys = [" "], WriteTimeout = TimeSpan.Zero };

        var fault = Assert.Throws<ArgumentException>(options.Validate);

        Assert.All(["MaxActiveReplies", "MaxMessages", "ApiKeys", "WriteTimeout"], name => Assert.Contains(name, fault.Message));
    }

    private static async Task<HttpResponseMessage> EventuallyAsync(Func<Task<HttpResponseMessage>> ask, TaskCompletionSource release)
    {
        using var late = new CancellationTokenSource(TestGateway.Patience);
        while (true)
        {
            var asked = ask();
            var refused = await Task.WhenAny(asked, Task.Delay(2000, late.Token)) == asked;
            if (!refused)
            {
                // It waits for its turn: it has the place.
                release.SetResult();
                return await asked;
            }

            using var answer = await asked;
            Assert.True(answer.StatusCode == HttpStatusCode.TooManyRequests && !late.IsCancellationRequested, "The place of the request that left was not given back.");
        }
    }
}
