using Skein.Core.Identity;

namespace Skein.Core.Generation;

/// <summary>What one stage did for a reply, as that stage counted it.</summary>
/// <param name="Peer">Who hosts the stage.</param>
/// <param name="Span">Blocks it ran.</param>
/// <param name="Rows">Rows it computed.</param>
/// <param name="ComputeTime">Time in the engine, shared batches counted whole.</param>
/// <param name="BytesIn">Bytes of frames received, headers included.</param>
/// <param name="BytesOut">Bytes of frames sent, headers included.</param>
/// <param name="RoundTrip">Round trip to where it sends its results: the next stage, or the coordinator; null if it was not measured.</param>
public sealed record StageUsage(string Peer, BlockSpan Span, long Rows, TimeSpan ComputeTime, long BytesIn, long BytesOut, TimeSpan? RoundTrip = null);
