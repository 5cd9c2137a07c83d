namespace Skein.Cli.Bench.Net;

/// <summary>Round trips of decode messages.</summary>
/// <param name="P50Ms">Median.</param>
/// <param name="P99Ms">99th percentile.</param>
/// <param name="BulkMbit">What the bulk transfer beside it reached; 0 without one.</param>
internal sealed record NetBenchLatency(double P50Ms, double P99Ms, double BulkMbit);
