using System.Diagnostics;
using System.Diagnostics.Metrics;
using Skein.Gateway.Errors;
using Skein.Gateway.Replies;

namespace Skein.Gateway.Telemetry;

/// <summary>Counts what the gateway does. Tags are bounded: names of served models, statuses. Thread-safe.</summary>
internal sealed class GatewayMetrics
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "Skein.Gateway";

    private readonly UpDownCounter<int> _active;
    private readonly Counter<long> _replies;
    private readonly Counter<long> _tokens;
    private readonly Counter<long> _failures;
    private readonly Histogram<double> _timeToFirstToken;

    public GatewayMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _active = meter.CreateUpDownCounter<int>("skein.gateway.active_replies", "{reply}", "Replies being produced.");
        _replies = meter.CreateCounter<long>("skein.gateway.replies", "{reply}", "Replies that were begun.");
        _tokens = meter.CreateCounter<long>("skein.gateway.tokens", "{token}", "Tokens of prompts and of replies; those of refused requests are not counted.");
        _failures = meter.CreateCounter<long>("skein.gateway.failures", "{request}", "Requests answered with an error, before or inside a stream; clients that left are not counted.");
        _timeToFirstToken = meter.CreateHistogram<double>("skein.gateway.time_to_first_token", "s", "From a reply's turn to its first token; waiting for the turn is not counted.");
    }

    public void Begin(ReplyGroup group) => _active.Add(group.Replies.Count);

    public void End(ReplyJob job, ReplyGroup group)
    {
        _active.Add(-group.Replies.Count);
        var model = new KeyValuePair<string, object?>("model", job.Model.Name);
        _replies.Add(group.Replies.Count, model);
        _tokens.Add(job.PromptTokens, new TagList { model, { "direction", "prompt" } });
        _tokens.Add(group.Replies.Sum(reply => reply.ProducedTokens), new TagList { model, { "direction", "reply" } });
        foreach (var reply in group.Replies)
        {
            if (reply.TimeToFirstToken is { } first)
            {
                _timeToFirstToken.Record(first.TotalSeconds, model);
            }
        }
    }

    /// <summary>Counts a request that was answered with an error, or whose stream ended with one.</summary>
    public void Failed(ApiException failure) => _failures.Add(1, new TagList { { "status", failure.Status } });
}
