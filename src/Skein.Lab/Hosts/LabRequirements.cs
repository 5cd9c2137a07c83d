using System.Globalization;

namespace Skein.Lab.Hosts;

/// <summary>What the laboratory needs of the machine.</summary>
public static class LabRequirements
{
    private const ulong NeededCapabilities = (1UL << 12) | (1UL << 21); // CAP_NET_ADMIN, CAP_SYS_ADMIN
    private const string TunDevice = "/dev/net/tun";
    private const string AllowedCongestion = "/proc/sys/net/ipv4/tcp_allowed_congestion_control";

    /// <summary>What is missing here, in words with what to do; empty when a laboratory can be built.</summary>
    public static IReadOnlyList<string> Missing()
    {
        List<string> missing = [];
        if (!OperatingSystem.IsLinux() || !Environment.Is64BitProcess)
        {
            return ["64-bit Linux (network namespaces and TUN devices are the kernel's)"];
        }

        if (!Environment.IsPrivilegedProcess)
        {
            missing.Add("root (run it with sudo)");
        }
        else if ((EffectiveCapabilities() & NeededCapabilities) != NeededCapabilities)
        {
            missing.Add("the capabilities CAP_NET_ADMIN and CAP_SYS_ADMIN (root of this container has not all of root's)");
        }

        if (!File.Exists(TunDevice))
        {
            missing.Add($"{TunDevice} (the kernel's TUN driver: modprobe tun)");
        }

        if (SystemTool.Find("ip") is null)
        {
            missing.Add("the tool ip (package iproute2)");
        }

        if (SystemTool.Find("nft") is null)
        {
            missing.Add("the tool nft (package nftables)");
        }

        return missing;
    }

    /// <summary>What is missing for a host to use a congestion control.</summary>
    /// <remarks>A namespace may only choose what the machine allows to everybody; allowing more is a setting of the whole machine, which the laboratory does not touch.</remarks>
    internal static IReadOnlyList<string> MissingFor(string congestion)
    {
        var allowed = File.Exists(AllowedCongestion) ? File.ReadAllText(AllowedCongestion).Trim() : string.Empty;
        return allowed.Split(' ').Contains(congestion, StringComparer.Ordinal)
            ? []
            : [$"congestion control {congestion} to be allowed here (sysctl -w net.ipv4.tcp_allowed_congestion_control=\"{allowed} {congestion}\")"];
    }

    /// <summary>What is missing besides for home routers that open ports; empty when nothing is.</summary>
    public static IReadOnlyList<string> MissingForPorts() => SystemTool.Find(PortDaemon.Tool) is null ? ["the tool miniupnpd (package miniupnpd-nftables)"] : [];

    private static ulong EffectiveCapabilities()
    {
        const string Field = "CapEff:";
        var line = File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith(Field, StringComparison.Ordinal));
        return ulong.TryParse(line.AsSpan(Math.Min(Field.Length, line?.Length ?? 0)).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var bits) ? bits : 0;
    }
}
