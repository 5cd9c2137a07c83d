using System.Globalization;
using Skein.Cli.Demo;
using Skein.Lab.Links;
using Skein.Lab.Streams;
using Skein.Lab.Units;
using Skein.P2P.Addressing;
using Skein.P2P.Transports;

namespace Skein.Cli.Bench.Net;

/// <summary>Measures the network stack: pairs of processes take turns, so that a busy machine slows all alike.</summary>
internal static class NetBench
{
    private const int Small = 8192;
    private const int Large = 32768;
    private const double LineMbit = 20;
    private const double LineRttMs = 40;
    private const double LineLoss = 0.0005;

    private static readonly TimeSpan BulkTime = TimeSpan.FromSeconds(1);

    // A token every 20 ms: what a good ring reaches.
    private static readonly TimeSpan DecodePause = TimeSpan.FromMilliseconds(20);

    /// <summary>Measures everything.</summary>
    /// <param name="rounds">Rounds of each; the median counts.</param>
    /// <param name="messages">Decode messages on the slow line.</param>
    /// <param name="progress">Told what is being done.</param>
    /// <param name="cancellationToken">Ends it; no process is left behind.</param>
    public static async Task<NetBenchReport> RunAsync(int rounds, int messages, IProgress<string> progress, CancellationToken cancellationToken)
    {
        await using var server = ChildProcess.Start("bench peer", ["bench", "net-peer"]);
        var address = Multiaddr.Parse(await server.WaitUntilReadyAsync(cancellationToken));
        await using var js = await JsPeers.StartAsync(cancellationToken);
        await using var relay = ChildProcess.Start("bench relay", ["bench", "net-peer", "--relay"]);
        await using var behind = ChildProcess.Start("bench peer behind the relay", ["bench", "net-peer", "--via", await relay.WaitUntilReadyAsync(cancellationToken)]);
        var circuit = Multiaddr.Parse(await behind.WaitUntilReadyAsync(cancellationToken));
        List<NetBenchFigures> skein = [], jsToJs = [], skeinToJs = [], relayed = [];
        for (var round = 1; round <= rounds; round++)
        {
            progress.Report($"round {round} of {rounds}");
            skein.Add(await MeasureAsync(address, cancellationToken));
            relayed.Add(await MeasureAsync(circuit, cancellationToken));
            if (js is not null)
            {
                jsToJs.Add(await js.MeasureAsync(cancellationToken));
                skeinToJs.Add(await MeasureAsync(js.Address, cancellationToken));
            }
        }

        progress.Report("decode beside bulk");
        var decode = await MeasureDecodeAsync(messages, cancellationToken);
        var ours = Median(skein);
        var through = Median(relayed);
        var theirs = js is null ? null : Median(jsToJs);
        return new NetBenchReport(rounds, ours, theirs, js is null ? null : Median(skeinToJs), theirs?.Rtt8KP50Us / ours.Rtt8KP50Us, through, Math.Round(through.Rtt8KP50Us - ours.Rtt8KP50Us, 1), decode);
    }

    private static async Task<NetBenchFigures> MeasureAsync(Multiaddr address, CancellationToken cancellationToken)
    {
        await using var client = await NetBenchClient.ConnectAsync(address, null, separateBulk: true, paceBulk: true, cancellationToken);
        // First: beside decode messages, and for some seconds after them, bulk is paced.
        var bulk = await client.SendAsync(BulkTime, cancellationToken);
        var (small, allocated) = await client.PingPongAsync(Small, 3000, TimeSpan.Zero, cancellationToken);
        var (large, _) = await client.PingPongAsync(Large, 1000, TimeSpan.Zero, cancellationToken);
        return new NetBenchFigures(At(small, 0.5).TotalMicroseconds, At(small, 0.99).TotalMicroseconds, At(large, 0.5).TotalMicroseconds, At(large, 0.99).TotalMicroseconds, bulk / 1048576, allocated);
    }

    // Both ends pretend to have the line: each in its own process, for what it sends.
    private static async Task<NetBenchDecode> MeasureDecodeAsync(int messages, CancellationToken cancellationToken)
    {
        await using var server = ChildProcess.Start("bench peer", ["bench", "net-peer", "--shaped"]);
        var address = Multiaddr.Parse(await server.WaitUntilReadyAsync(cancellationToken));
        var alone = await MeasureLatencyAsync(address, messages, withBulk: false, separateBulk: true, paceBulk: true, cancellationToken);
        var two = await MeasureLatencyAsync(address, messages, withBulk: true, separateBulk: true, paceBulk: true, cancellationToken);
        var one = await MeasureLatencyAsync(address, messages, withBulk: true, separateBulk: false, paceBulk: true, cancellationToken);
        var free = await MeasureLatencyAsync(address, messages, withBulk: true, separateBulk: true, paceBulk: false, cancellationToken);
        var neither = await MeasureLatencyAsync(address, messages, withBulk: true, separateBulk: false, paceBulk: false, cancellationToken);
        return new NetBenchDecode(LineMbit, LineRttMs, LineLoss, alone, two, one, free, neither);
    }

    private static async Task<NetBenchLatency> MeasureLatencyAsync(Multiaddr address, int messages, bool withBulk, bool separateBulk, bool paceBulk, CancellationToken cancellationToken)
    {
        await using var client = await NetBenchClient.ConnectAsync(address, Shape, separateBulk, paceBulk, cancellationToken);
        // At least as long as the messages take, so that all of them have it beside them.
        var bulk = withBulk ? client.SendAsync(messages * 4 / 3 * (DecodePause + TimeSpan.FromMilliseconds(2.5 * LineRttMs)), cancellationToken) : Task.FromResult(0.0);
        var (trips, _) = await client.PingPongAsync(Small, messages, DecodePause, cancellationToken);
        return new NetBenchLatency(At(trips, 0.5).TotalMilliseconds, At(trips, 0.99).TotalMilliseconds, await bulk * 8 / 1e6);
    }

    /// <summary>Gives a transport the slow line.</summary>
    public static ITransport Shape(ITransport transport)
        => new ShapedTransport(transport, new LinkShaper(LinkSettings.Of(TimeSpan.FromMilliseconds(LineRttMs), BitRate.Megabits(LineMbit)) with { Loss = LineLoss }, TimeProvider.System));

    private static TimeSpan At(TimeSpan[] sorted, double share) => sorted[(int)(share * (sorted.Length - 1))];

    private static NetBenchFigures Median(List<NetBenchFigures> rounds)
    {
        return new NetBenchFigures(
            Middle(round => round.Rtt8KP50Us),
            Middle(round => round.Rtt8KP99Us),
            Middle(round => round.Rtt32KP50Us),
            Middle(round => round.Rtt32KP99Us),
            Middle(round => round.BulkMibPerSecond),
            rounds[0].AllocatedBytesPerMessage is null ? null : Middle(round => round.AllocatedBytesPerMessage!.Value));

        double Middle(Func<NetBenchFigures, double> figure) => Math.Round(rounds.Select(figure).Order().ElementAt(rounds.Count / 2), 1);
    }

    /// <summary>One figure for people.</summary>
    public static string Show(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);
}
