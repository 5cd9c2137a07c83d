using System.Text.RegularExpressions;
using Skein.Core.Units;
using Skein.Lab.Links;
using Skein.Lab.Units;

namespace Skein.Lab.Hosts;

/// <summary>One host of a laboratory and its access line.</summary>
public sealed partial record LabHostSettings
{
    private static readonly string[] KnownCongestionControls = ["bbr", "cubic", "reno"];

    /// <summary>Its name: a small letter, then up to 23 small letters, digits or dashes.</summary>
    public required string Name { get; init; }

    /// <summary>What stands between the host and the internet.</summary>
    public NatKind Nat { get; init; } = NatKind.None;

    /// <summary>How fast the host sends, to all others together.</summary>
    public BitRate Up { get; init; } = BitRate.Unlimited;

    /// <summary>How fast it receives, from all others together.</summary>
    public BitRate Down { get; init; } = BitRate.Unlimited;

    /// <summary>Bound of the queue before each direction; by default 100 ms of its rate and at least 64 KiB.</summary>
    public ByteSize? Queue { get; init; }

    /// <summary>TCP congestion control of the host: <c>cubic</c>, as most volunteers have, <c>bbr</c> or <c>reno</c>; null for what this machine uses.</summary>
    public string? Congestion { get; init; }

    /// <summary>Whether the home router opens ports when asked (UPnP IGD, NAT-PMP, PCP), as most do: miniupnpd runs on it. It refuses where the laboratory's network counts as private (<see cref="LabTopology.Network"/>).</summary>
    public bool OpensPorts { get; init; }

    /// <summary>Everything that is wrong with these settings, in words; empty when they can be used.</summary>
    public IReadOnlyList<string> Faults()
    {
        List<string> faults = [];
        if (!NamePattern().IsMatch(Name))
        {
            faults.Add($"name: \"{Name}\" is not a small letter followed by up to 23 small letters, digits or dashes");
        }

        if (!Enum.IsDefined(Nat))
        {
            faults.Add($"nat: {Nat} is unknown");
        }

        if (OpensPorts && Nat == NatKind.None)
        {
            faults.Add("opensPorts: there is no home router without a nat");
        }

        LinkLimits.CheckRate("up", Up, faults);
        LinkLimits.CheckRate("down", Down, faults);
        LinkLimits.CheckQueue(Queue, faults);
        if (Congestion is not null && !KnownCongestionControls.Contains(Congestion, StringComparer.Ordinal))
        {
            faults.Add($"congestion: \"{Congestion}\" is not one of {string.Join(", ", KnownCongestionControls)}");
        }

        return faults;
    }

    [GeneratedRegex("^[a-z][a-z0-9-]{0,23}$", RegexOptions.CultureInvariant)]
    private static partial Regex NamePattern();
}
