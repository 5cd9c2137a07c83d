using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Skein.Core.Stages;
using Skein.Gateway.Tests.Fakes;

namespace Skein.Gateway.Tests.Hosting;

public sealed class TelemetryTests
{
    [Fact]
    public async Task Metrics_OfARequest_AreCountedWithBoundedTags()
    {
        var measured = new ConcurrentBag<(string Name, double Value, string Tags)>();
        using var listener = new MeterListener();
        var lastActive = 0;
        await using var gateway = await TestGateway.StartAsync("abc");
        var scope = gateway.Services.GetRequiredService<IMeterFactory>();
        listener.InstrumentPublished = (instrument, each) =>
        {
            if (instrument.Meter.Name == "Skein.Gateway" && instrument.Meter.Scope == scope)
            {
                each.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => measured.Add((instrument.Name, value, Tags(tags))));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => measured.Add((instrument.Name, value, Tags(tags))));
        listener.SetMeasurementEventCallback<int>((instrument, value, _, _) => Interlocked.Add(ref lastActive, value));
        listener.Start();

        await gateway.ChatJsonAsync("\"n\":2");
        await gateway.ChatJsonAsync("\"n\":0", HttpStatusCode.BadRequest);

        Assert.Equal(0, lastActive);
        Assert.Equal(
            [
                "skein.gateway.failures status=400 1",
                "skein.gateway.replies model=test-model 2",
                "skein.gateway.tokens model=test-model,direction=prompt 22",
                "skein.gateway.tokens model=test-model,direction=reply 8",
            ],
            measured.Where(item => item.Name != "skein.gateway.time_to_first_token").Select(item => $"{item.Name} {item.Tags} {item.Value}").Order());
        Assert.Equal(2, measured.Count(item => item.Name == "skein.gateway.time_to_first_token"));

        static string Tags(ReadOnlySpan<KeyValuePair<string, object?>> tags) => string.Join(',', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}"));
    }

    [Fact]
    public async Task Logs_OfAnyRequest_NeverHoldItsText()
    {
        var logs = new CollectedLogs();
        await using var gateway = await TestGateway.StartAsync(
            new ScriptedGenerator(request => request.TopLogprobs is null
                ? ScriptedGenerator.Say("secret reply").Append(new ScriptedGenerator.EndStep())
                : ScriptedGenerator.Say("secret reply").Append(new ScriptedGenerator.ThrowStep(new StageException(StageError.ComputeFailed, "node-b died")))),
            configure: builder => builder.Logging.SetMinimumLevel(LogLevel.Trace).AddProvider(logs));
        var path = "/v1/chat/completions";
        string Body(string fields) => $$"""{"model":"{{TestGateway.Model}}","messages":[{"role":"user","content":"secret prompt"}]{{fields}}}""";

        foreach (var fields in new[] { "", ",\"stream\":true", ",\"logprobs\":true", ",\"logprobs\":true,\"stream\":true", ",\"secret\":", ",\"n\":0" })
        {
            (await gateway.PostAsync(path, Body(fields))).Dispose();
        }

        Assert.Contains(logs.Lines, line => line.Contains("node-b died", StringComparison.Ordinal));
        Assert.DoesNotContain(logs.Lines, line => line.Contains("secret", StringComparison.Ordinal));
    }

    private sealed class CollectedLogs : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
            => Lines.Enqueue($"{formatter(state, exception)} {exception}");

        public void Dispose()
        {
        }
    }
}
