namespace Skein.Cli.Bench.Net;

/// <summary>Decode messages of 8 KiB, one every 20 ms, on a line that this process pretends to have.</summary>
/// <param name="LineMbit">Its rate.</param>
/// <param name="LineRttMs">Its round trip.</param>
/// <param name="LineLoss">Share of segments lost.</param>
/// <param name="Alone">Nothing beside.</param>
/// <param name="BesideBulkTwoConnections">Beside a bulk transfer that is paced, each class on a connection of its own: what is done.</param>
/// <param name="BesideBulkOneConnection">The same on one connection.</param>
/// <param name="BesideUnpacedBulkTwoConnections">On two connections, but bulk takes all of the line.</param>
/// <param name="BesideUnpacedBulkOneConnection">On one connection, and bulk takes all of the line.</param>
internal sealed record NetBenchDecode(
    double LineMbit,
    double LineRttMs,
    double LineLoss,
    NetBenchLatency Alone,
    NetBenchLatency BesideBulkTwoConnections,
    NetBenchLatency BesideBulkOneConnection,
    NetBenchLatency BesideUnpacedBulkTwoConnections,
    NetBenchLatency BesideUnpacedBulkOneConnection);
