using System.Net;
using System.Net.Sockets;
using Skein.Lab.Hosts;
using Skein.Lab.Links;

namespace Skein.Lab;

/// <summary>The hosts of a laboratory and the lines between them.</summary>
public sealed record LabTopology
{
    /// <summary>More namespaces than one machine carries; the addresses of one network would do for 253.</summary>
    internal const int MostHosts = 64;

    /// <summary>TEST-NET-3 of RFC 5737.</summary>
    internal static readonly IPAddress TestNetwork = IPAddress.Parse("203.0.113.0");

    /// <summary>The hosts; 1 to 64.</summary>
    public required IReadOnlyList<LabHostSettings> Hosts { get; init; }

    /// <summary>What each direction of a line does unless <see cref="Links"/> says otherwise.</summary>
    public LinkSettings DefaultLink { get; init; } = LinkSettings.Perfect;

    /// <summary>The lines that differ, each direction on its own; later ones override earlier ones.</summary>
    public IReadOnlyList<LabLink> Links { get; init; } = [];

    /// <summary>What all chance depends on: the same seed loses the same packets of the same traffic.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>The /24 network of which public addresses are made; by default TEST-NET-3, which leads nowhere even where a packet got out.</summary>
    /// <remarks>Home routers and other programs rightly take TEST-NETs for private: what depends on that needs a network like any other. No packet leaves the machine either way.</remarks>
    public IPAddress Network { get; init; } = TestNetwork;

    /// <summary>Everything that is wrong with this topology, in words; empty when it can be built.</summary>
    public IReadOnlyList<string> Faults()
    {
        List<string> faults = [];
        if (Hosts.Count is 0 or > MostHosts)
        {
            faults.Add($"hosts: {Hosts.Count} is not between 1 and {MostHosts}");
        }

        if (Network.AddressFamily != AddressFamily.InterNetwork || Network.GetAddressBytes()[3] != 0)
        {
            faults.Add($"network: {Network} is not an IPv4 network that ends with .0");
        }

        foreach (var host in Hosts)
        {
            faults.AddRange(host.Faults().Select(fault => $"hosts.{host.Name}.{fault}"));
        }

        foreach (var twice in Hosts.GroupBy(host => host.Name, StringComparer.Ordinal).Where(group => group.Count() > 1))
        {
            faults.Add($"hosts.{twice.Key}: is there {twice.Count()} times");
        }

        faults.AddRange(DefaultLink.Faults().Select(fault => $"default.{fault}"));
        for (var i = 0; i < Links.Count; i++)
        {
            var link = Links[i];
            foreach (var end in new[] { link.From, link.To }.Where(end => !Hosts.Any(host => host.Name == end)))
            {
                faults.Add($"links[{i}]: there is no host \"{end}\"");
            }

            faults.AddRange(link.Settings.Faults().Select(fault => $"links[{i}].{fault}"));
        }

        return faults;
    }

    /// <summary>What the line between two hosts does at the start.</summary>
    public LinkSettings LinkOf(string from, string to) =>
        Links.LastOrDefault(link => link.From == from && link.To == to)?.Settings ?? DefaultLink;
}
