using System.Text.Json.Serialization;

namespace Skein.Cli.Bench.Net;

/// <summary>What <c>bench net</c> found: medians of rounds that took turns.</summary>
/// <param name="Rounds">Rounds of each.</param>
/// <param name="SkeinToSkein">This library against itself, two processes.</param>
/// <param name="JsToJs">js-libp2p against itself, two processes; null if it is not here.</param>
/// <param name="SkeinToJs">This library's client against js-libp2p's server; null if it is not here.</param>
/// <param name="JsOverSkein8K">js-libp2p's 8 KiB round trip over this library's: how many times faster this one is.</param>
/// <param name="Relay">This library against itself through a relay of its own, a third process.</param>
/// <param name="RelayAddedUs">What the relay adds to an 8 KiB round trip.</param>
/// <param name="Decode">Decode messages beside a bulk transfer on a slow line.</param>
internal sealed record NetBenchReport(
    int Rounds,
    NetBenchFigures SkeinToSkein,
    NetBenchFigures? JsToJs,
    NetBenchFigures? SkeinToJs,
    [property: JsonPropertyName("js_over_skein_rtt_8k")] double? JsOverSkein8K,
    NetBenchFigures Relay,
    double RelayAddedUs,
    NetBenchDecode Decode);
