namespace Skein.Swarm.Transport;

/// <summary>A stream that another peer opened. The transport disposes it when the handler's task ends.</summary>
/// <param name="Stream">Full duplex: reads and writes may be under way at once.</param>
/// <param name="Remote">Names the other side, for people: its peer id, or its address where there is no identity.</param>
/// <param name="Class">What the other side says the stream is for.</param>
public sealed record InboundStream(Stream Stream, string Remote, TrafficClass Class);
