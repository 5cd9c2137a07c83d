using Skein.Core.Generation;

namespace Skein.Gateway.Replies;

/// <summary>What one stage did for a reply.</summary>
/// <param name="Peer">Who hosts it.</param>
/// <param name="FirstBlock">Its first block.</param>
/// <param name="EndBlock">The block after its last.</param>
/// <param name="Rows">Rows it computed.</param>
/// <param name="ComputeMs">Milliseconds in its engine, shared batches counted whole.</param>
/// <param name="BytesIn">Bytes of frames it received.</param>
/// <param name="BytesOut">Bytes of frames it sent.</param>
/// <param name="RttMs">Milliseconds of a round trip to where it sends its results: the next stage, or the gateway; null if it was not measured.</param>
public sealed record StageDetails(string Peer, int FirstBlock, int EndBlock, long Rows, double ComputeMs, long BytesIn, long BytesOut, double? RttMs)
{
    internal static StageDetails Of(StageUsage usage)
        => new(usage.Peer, usage.Span.First, usage.Span.End, usage.Rows, Math.Round(usage.ComputeTime.TotalMilliseconds, 3), usage.BytesIn, usage.BytesOut, ReplyDetails.Milliseconds(usage.RoundTrip));
}
