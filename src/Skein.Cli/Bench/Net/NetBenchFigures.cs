using System.Text.Json.Serialization;

namespace Skein.Cli.Bench.Net;

/// <summary>One pair's figures.</summary>
/// <param name="Rtt8KP50Us">Round trip of 8 KiB, median.</param>
/// <param name="Rtt8KP99Us">The same, 99th percentile.</param>
/// <param name="Rtt32KP50Us">Round trip of 32 KiB, median.</param>
/// <param name="Rtt32KP99Us">The same, 99th percentile.</param>
/// <param name="BulkMibPerSecond">One connection, one direction.</param>
/// <param name="AllocatedBytesPerMessage">Managed bytes that the client allocates for an 8 KiB round trip; null for js.</param>
internal sealed record NetBenchFigures(
    [property: JsonPropertyName("rtt_8k_p50_us")] double Rtt8KP50Us,
    [property: JsonPropertyName("rtt_8k_p99_us")] double Rtt8KP99Us,
    [property: JsonPropertyName("rtt_32k_p50_us")] double Rtt32KP50Us,
    [property: JsonPropertyName("rtt_32k_p99_us")] double Rtt32KP99Us,
    double BulkMibPerSecond,
    double? AllocatedBytesPerMessage);
