using System.CommandLine;
using System.Globalization;
using Skein.Cli.Configuration;
using Skein.Lab.Links;
using Skein.Lab.Streams;
using Skein.Lab.Units;
using Skein.Swarm.Transport;

namespace Skein.Cli.Demo;

/// <summary>The line that a demonstration pretends to have.</summary>
/// <param name="RoundTripMs">Between any two peers, in milliseconds; null for none.</param>
/// <param name="UplinkMbit">Of each peer, in Mbit/s; null for no bound.</param>
internal sealed record LineOptions(double? RoundTripMs, double? UplinkMbit)
{
    /// <summary>Whether streams need shaping at all.</summary>
    public bool IsShaped => RoundTripMs is not null || UplinkMbit is not null;

    /// <summary>What passes the line on to a node process.</summary>
    public IEnumerable<string> Arguments
    {
        get
        {
            if (RoundTripMs is { } trip)
            {
                yield return "--rtt";
                yield return trip.ToString(CultureInfo.InvariantCulture);
            }

            if (UplinkMbit is { } uplink)
            {
                yield return "--up";
                yield return uplink.ToString(CultureInfo.InvariantCulture);
            }
        }
    }

    /// <summary>Makes the pair of options.</summary>
    /// <param name="hidden">Whether <c>--help</c> keeps them to itself.</param>
    public static (Option<double?> RoundTrip, Option<double?> Uplink) CreateOptions(bool hidden) => (
        new Option<double?>("--rtt") { Description = "Pretend that peers are so many milliseconds apart, there and back", HelpName = "MS", Hidden = hidden },
        new Option<double?>("--up") { Description = "Pretend that each peer's uplink carries so many Mbit/s", HelpName = "MBIT", Hidden = hidden });

    /// <summary>Reads and checks the pair.</summary>
    public static LineOptions Read(ParseResult parse, (Option<double?> RoundTrip, Option<double?> Uplink) options)
    {
        var line = new LineOptions(parse.GetValue(options.RoundTrip), parse.GetValue(options.Uplink));
        if (line.RoundTripMs is { } trip && trip is not (>= 0 and <= 10_000))
        {
            throw new UsageException($"--rtt takes 0 to 10000 milliseconds, not {trip.ToString(CultureInfo.InvariantCulture)}.");
        }

        if (line.UplinkMbit is { } uplink && uplink is not (>= 0.1 and <= 10_000))
        {
            throw new UsageException($"--up takes 0.1 to 10000 Mbit/s, not {uplink.ToString(CultureInfo.InvariantCulture)}.");
        }

        return line;
    }

    /// <summary>Wraps a transport; null leaves it as it is.</summary>
    public Func<IRingTransport, IRingTransport>? Wrap()
    {
        if (!IsShaped)
        {
            return null;
        }

        var settings = LinkSettings.Of(TimeSpan.FromMilliseconds(RoundTripMs ?? 0), UplinkMbit is { } uplink ? BitRate.Megabits(uplink) : BitRate.Unlimited);
        return inner => new ShapedRingTransport(inner, new LinkShaper(settings, TimeProvider.System));
    }
}
