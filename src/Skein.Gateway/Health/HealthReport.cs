namespace Skein.Gateway.Health;

/// <summary>That the process runs.</summary>
/// <param name="Status">Always <c>ok</c>.</param>
public sealed record HealthReport(string Status);
