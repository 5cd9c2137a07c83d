namespace Skein.Lab.Tests.Pacing;

/// <summary>Round trips of decode messages, in milliseconds, and what bulk moved beside them.</summary>
internal sealed record PacingReport(double P50Ms, double P90Ms, double P99Ms, double BulkMbit);
