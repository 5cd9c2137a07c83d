using System.Globalization;
using System.Net.NetworkInformation;
using System.Runtime.InteropServices;

namespace Skein.Interop.Tests;

/// <summary>A network namespace of this program's own, whose loopback device has addresses that look public: js-libp2p dials back no others, and treats the ranges for documentation as private.</summary>
/// <remarks>Nothing leads out of it, so no packet to such an address can leave the machine.</remarks>
internal static class OwnNetwork
{
    /// <summary>As many neighbourhoods: js-libp2p wants eight that agree before it gives an address up.</summary>
    private const int Addresses = 12;

    private const string Mark = "SKEIN_INTEROP_NETWORK";
    private const string OfUser = "user";

    /// <summary>Whether root is so by a user namespace only: it can make no further namespaces that have a name.</summary>
    public static bool IsOfUser => Environment.GetEnvironmentVariable(Mark) == OfUser;

    /// <summary>Address of one neighbourhood (the first byte counts in js-libp2p), from 0 on.</summary>
    public static string Ip(int number) => string.Create(CultureInfo.InvariantCulture, $"{41 + number}.0.0.1");

    /// <summary>Skips the test where this program could not have a network of its own.</summary>
    public static void Require()
    {
        var missing = NetworkInterface.GetAllNetworkInterfaces().SelectMany(card => card.GetIPProperties().UnicastAddresses).All(entry => entry.Address.ToString() != Ip(Addresses - 1));
        Assert.SkipWhen(missing, "These tests need a network namespace of their own: Linux, the tools unshare and ip, and root (run with sudo) or user namespaces.");
    }

    /// <summary>Starts this program anew within such a network, in the same process; returns if there is none to be had, or if this is the program started anew.</summary>
    public static void Enter(string[] arguments)
    {
        var self = Path.Combine(AppContext.BaseDirectory, typeof(OwnNetwork).Assembly.GetName().Name!);
        if (!OperatingSystem.IsLinux() || Environment.GetEnvironmentVariable(Mark) is not null || !File.Exists(self))
        {
            return;
        }

        var addresses = string.Join(' ', Enumerable.Range(0, Addresses).Select(Ip));
        var inside = $"export PATH=$PATH:/usr/sbin:/sbin; ip link set lo up && for a in {addresses}; do ip address add $a/32 dev lo || exit 1; done";
        var script = $$"""
            if [ "$(id -u)" = 0 ]; then way='unshare --net'; export {{Mark}}=root; else way='unshare --map-root-user --net'; export {{Mark}}={{OfUser}}; fi
            if $way sh -c '{{inside}}' >/dev/null 2>&1; then exec $way sh -c '{{inside}}; exec "$0" "$@"' "$0" "$@"; fi
            exec "$0" "$@"
            """;

        // Comes back only if there is no shell: then the tests that need the network say so.
        _ = Execute("/bin/sh", ["/bin/sh", "-c", script, self, .. arguments, null]);
    }

    [DllImport("libc", EntryPoint = "execv", CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Execute(string path, string?[] arguments);
}
