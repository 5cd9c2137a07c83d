namespace Skein.Cli.Demo;

/// <summary>What one stage did for an answer.</summary>
internal sealed record DemoStage(string Peer, int FirstBlock, int EndBlock, long Rows, double ComputeMs, long BytesIn, long BytesOut, double? RttMs);
