using System.Diagnostics.Metrics;
using Skein.Swarm.Errors;

namespace Skein.Swarm.Telemetry;

/// <summary>What the ring counts. Names and units are frozen by a test; tags are bounded and never name a peer.</summary>
internal static class SwarmInstruments
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "Skein.Swarm";

    private static readonly Meter Meter = new(MeterName);

    private static readonly Counter<long> Sessions = Meter.CreateCounter<long>("skein.swarm.sessions", "{session}", "Sessions that ended, by role and outcome; refused ones included.");
    private static readonly Counter<long> Rows = Meter.CreateCounter<long>("skein.swarm.rows", "{row}", "Rows that stages of this process computed, by kind.");
    private static readonly Counter<long> Bytes = Meter.CreateCounter<long>("skein.swarm.frame.bytes", "By", "Bytes of frames that stages of this process received and sent; refused frames are not counted.");
    private static readonly Histogram<double> Compute = Meter.CreateHistogram<double>("skein.swarm.compute.duration", "s", "From handing a frame's rows to the engine to having its results, waiting included.");
    private static readonly Histogram<double> Step = Meter.CreateHistogram<double>("skein.swarm.step.duration", "s", "From sending a frame into the ring to taking its result, as the coordinator sees it.");

    private static readonly KeyValuePair<string, object?> PrefillTag = new("kind", "prefill");
    private static readonly KeyValuePair<string, object?> DecodeTag = new("kind", "decode");

    /// <summary>A session ended.</summary>
    /// <param name="role"><c>stage</c> or <c>coordinator</c>.</param>
    /// <param name="reason">Why; null when it was closed in peace.</param>
    public static void SessionEnded(string role, SwarmException? reason)
        => Sessions.Add(1, new KeyValuePair<string, object?>("role", role), new KeyValuePair<string, object?>("outcome", reason?.Code ?? "closed"));

    /// <summary>A stage computed a frame.</summary>
    public static void Computed(bool isPrefill, int rows, int bytesIn, int bytesOut, TimeSpan time)
    {
        var kind = isPrefill ? PrefillTag : DecodeTag;
        Rows.Add(rows, kind);
        Bytes.Add(bytesIn, new KeyValuePair<string, object?>("direction", "in"));
        Bytes.Add(bytesOut, new KeyValuePair<string, object?>("direction", "out"));
        Compute.Record(time.TotalSeconds, kind);
    }

    /// <summary>A frame came round.</summary>
    public static void CameRound(bool isPrefill, double seconds) => Step.Record(seconds, isPrefill ? PrefillTag : DecodeTag);
}
