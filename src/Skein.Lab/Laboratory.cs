using System.Net;
using Skein.Lab.Control;
using Skein.Lab.Errors;
using Skein.Lab.Hosts;
using Skein.Lab.Kernel;
using Skein.Lab.Links;
using Skein.Lab.Router;

namespace Skein.Lab;

/// <summary>A small internet on this machine: hosts in network namespaces, home routers, and a router in user space that gives each pair its delay, jitter, rate and loss.</summary>
/// <remarks>
/// <para>Public addresses are 203.0.113.1 and so on, in the order of the hosts (or of another <see cref="LabTopology.Network"/>); a home's host has 192.168.1.2 behind its router.</para>
/// <para>All members are thread-safe. A change of a line holds from the moment that the call returns. Disposing kills every process inside and takes every namespace and device away; what a killed
/// process of this kind left is swept up when the next laboratory is made.</para>
/// </remarks>
public sealed class Laboratory : IAsyncDisposable
{
    private static readonly IPAddress HomeHost = IPAddress.Parse("192.168.1.2");

    private static int _made;

    private readonly LabTopology _topology;
    private readonly LabRouter _router;
    private readonly IReadOnlyList<NetworkNamespace> _namespaces;
    private readonly IReadOnlyList<LabProcess> _daemons;
    private int _disposed;

    private Laboratory(LabTopology topology, LabRouter router, IReadOnlyList<LabHost> hosts, IReadOnlyList<NetworkNamespace> namespaces, IReadOnlyList<LabProcess> daemons, string run)
    {
        _daemons = daemons;
        Name = run;
        _topology = topology;
        _router = router;
        Hosts = hosts;
        _namespaces = namespaces;
    }

    /// <summary>Its name on this machine: its namespaces and its control socket begin with it.</summary>
    public string Name { get; }

    /// <summary>The hosts, in the order of the topology.</summary>
    public IReadOnlyList<LabHost> Hosts { get; }

    /// <summary>How well the router keeps time so far.</summary>
    public RouterLoad Load => _router.Load;

    /// <summary>Builds a laboratory.</summary>
    /// <exception cref="LabException">
    /// <see cref="LabError.Requirement"/>: this machine lacks something; <see cref="LabError.Scenario"/>: the topology has faults; <see cref="LabError.Tool"/>: a tool refused.
    /// All that is missing or wrong is named. Nothing is left behind.
    /// </exception>
    public static async Task<Laboratory> CreateAsync(LabTopology topology, CancellationToken cancellationToken)
    {
        if (topology.Faults() is { Count: > 0 } faults)
        {
            throw new LabException(LabError.Scenario, "The laboratory cannot be built:\n  " + string.Join("\n  ", faults));
        }

        List<string> missing = [.. LabRequirements.Missing()];
        missing.AddRange(topology.Hosts.Select(host => host.Congestion).OfType<string>().Distinct(StringComparer.Ordinal).SelectMany(LabRequirements.MissingFor));
        if (topology.Hosts.Any(host => host.OpensPorts))
        {
            missing.AddRange(LabRequirements.MissingForPorts());
        }

        if (missing.Count > 0)
        {
            throw new LabException(LabError.Requirement, "The laboratory needs " + string.Join("; ", missing) + ".");
        }

        await SweepAsync();
        var number = Interlocked.Increment(ref _made);
        List<NetworkNamespace> namespaces = [];
        List<TunDevice> devices = [];
        List<LabProcess> daemons = [];
        try
        {
            var network = topology.Network.GetAddressBytes();
            List<LabHost> hosts = [];
            List<PortSettings> ports = [];
            foreach (var settings in topology.Hosts)
            {
                var address = new IPAddress([network[0], network[1], network[2], (byte)(hosts.Count + 1)]);
                devices.Add(TunDevice.Create());
                hosts.Add(await BuildHostAsync(settings, address, devices[^1], number, namespaces, daemons, cancellationToken));
                ports.Add(new PortSettings([address], settings.Up, settings.Down, settings.Queue));
            }

            var router = new LabRouter(devices, ports, (from, to) => topology.LinkOf(topology.Hosts[from].Name, topology.Hosts[to].Name), topology.Seed);
            return new Laboratory(topology, router, hosts, namespaces, daemons, NamespaceName.Own(number, string.Empty).Run);
        }
        catch
        {
            foreach (var daemon in daemons)
            {
                await daemon.DisposeAsync();
            }

            devices.ForEach(device => device.Dispose());
            await DeleteAsync(namespaces);
            throw;
        }
    }

    /// <summary>Takes away what laboratories left whose process is gone.</summary>
    /// <returns>How many namespaces that were.</returns>
    public static async Task<int> SweepAsync()
    {
        ControlSocket.SweepUp();
        var left = NetworkNamespace.List().Where(name => !name.OwnerLives).Select(NetworkNamespace.Existing).ToList();
        await DeleteAsync(left);
        return left.Count;
    }

    /// <summary>The host of a name.</summary>
    /// <exception cref="LabException"><see cref="LabError.Unknown"/>: there is none.</exception>
    public LabHost Host(string name) => Hosts[IndexOf(name)];

    /// <summary>What the line from one host to another does now.</summary>
    public LinkSettings LinkOf(string from, string to) => _router.LinkOf(IndexOf(from), IndexOf(to));

    /// <summary>Changes the line from one host to another, in this direction only.</summary>
    /// <exception cref="ArgumentException">The settings have faults; all are named.</exception>
    public void SetLink(string from, string to, LinkSettings settings) =>
        _router.SetLink(IndexOf(from), IndexOf(to), settings.Checked(nameof(settings)));

    /// <summary>Changes both directions of the line between two hosts.</summary>
    /// <exception cref="ArgumentException">The settings have faults; all are named.</exception>
    public void SetLinks(string one, string other, LinkSettings settings)
    {
        SetLink(one, other, settings);
        SetLink(other, one, settings);
    }

    /// <summary>Cuts the line between two hosts, both ways, with what is on it.</summary>
    public void Cut(string one, string other) => SetCut(one, other, cut: true);

    /// <summary>Cuts a host off from all others.</summary>
    public void Cut(string host)
    {
        foreach (var other in Hosts.Where(other => other.Name != host))
        {
            Cut(host, other.Name);
        }
    }

    /// <summary>Mends the line between two hosts: no longer cut, and as it was at the start.</summary>
    public void Heal(string one, string other)
    {
        SetLink(one, other, _topology.LinkOf(one, other));
        SetLink(other, one, _topology.LinkOf(other, one));
        SetCut(one, other, cut: false);
    }

    /// <summary>Mends all lines of a host.</summary>
    public void Heal(string host)
    {
        foreach (var other in Hosts.Where(other => other.Name != host))
        {
            Heal(host, other.Name);
        }
    }

    /// <summary>What happened on the line from one host to another so far.</summary>
    public LinkCounters CountersOf(string from, string to) => _router.CountersOf(IndexOf(from), IndexOf(to), from, to);

    /// <summary>What happened on all lines so far that carried anything.</summary>
    public IReadOnlyList<LinkCounters> Counters() =>
    [
        .. from one in Hosts
           from other in Hosts
           let counters = CountersOf(one.Name, other.Name)
           where counters.SentPackets > 0
           select counters,
    ];

    /// <summary>Kills what runs inside and takes everything away.</summary>
    /// <exception cref="LabException"><see cref="LabError.CleanUp"/>: something could not be taken away; everything else was.</exception>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        foreach (var process in Hosts.SelectMany(host => host.Processes).Concat(_daemons))
        {
            await process.DisposeAsync();
        }

        _router.Dispose();
        await DeleteAsync(_namespaces);
    }

    private static async Task<LabHost> BuildHostAsync(
        LabHostSettings settings,
        IPAddress address,
        TunDevice device,
        int laboratory,
        List<NetworkNamespace> namespaces,
        List<LabProcess> daemons,
        CancellationToken cancellationToken)
    {
        var host = await NetworkNamespace.CreateAsync(NamespaceName.Own(laboratory, settings.Name), cancellationToken);
        namespaces.Add(host);
        await host.SetParametersAsync(HostParameters(settings), cancellationToken);
        if (settings.Nat == NatKind.None)
        {
            await ConnectAsync(host, address, device, cancellationToken);
            return new LabHost(settings, address, address, host);
        }

        var home = await NetworkNamespace.CreateAsync(NamespaceName.Own(laboratory, settings.Name + "+router"), cancellationToken);
        namespaces.Add(home);
        await home.SetParametersAsync([("net/ipv6/conf/all/disable_ipv6", "1"), ("net/ipv4/ip_forward", "1")], cancellationToken);
        await SystemTool.RunAsync(
            "ip",
            ["link", "add", "lan0", "netns", home.Name, "type", "veth", "peer", "name", "eth0", "netns", host.Name],
            null,
            cancellationToken);
        await home.ConfigureAsync("address add 192.168.1.1/24 dev lan0\nlink set lan0 up\n", cancellationToken);
        await host.ConfigureAsync($"link set lo up\naddress add {HomeHost}/24 dev eth0\nlink set eth0 up\nroute add default via 192.168.1.1\n", cancellationToken);
        await home.RunAsync("nft", ["-f", "-"], HomeRules.For(settings.Nat, settings.OpensPorts), cancellationToken);
        await ConnectAsync(home, address, device, cancellationToken);
        await host.WaitUntilUpAsync("eth0", cancellationToken);
        if (settings.OpensPorts)
        {
            daemons.Add(await PortDaemon.StartAsync(settings.Name, home, cancellationToken));
        }

        return new LabHost(settings, address, HomeHost, host);
    }

    private static async Task ConnectAsync(NetworkNamespace place, IPAddress address, TunDevice device, CancellationToken cancellationToken)
    {
        await SystemTool.RunAsync("ip", ["link", "set", device.Name, "netns", place.Name], null, cancellationToken);
        await place.ConfigureAsync(
            $"link set lo up\nlink set {device.Name} name wan0\naddress add {address}/32 dev wan0\nlink set wan0 mtu 1500 txqueuelen 4000 up\nroute add default dev wan0\n",
            cancellationToken);
    }

    private static List<(string Path, string Value)> HostParameters(LabHostSettings settings)
    {
        List<(string Path, string Value)> parameters =
        [
            ("net/ipv6/conf/all/disable_ipv6", "1"),

            // What one connection learnt of a path must not colour the next measurement.
            ("net/ipv4/tcp_no_metrics_save", "1"),
        ];
        if (settings.Congestion is { } congestion)
        {
            parameters.Add(("net/ipv4/tcp_congestion_control", congestion));
        }

        return parameters;
    }

    private static async Task DeleteAsync(IReadOnlyList<NetworkNamespace> namespaces)
    {
        List<Exception> failures = [];
        // One that is gone was swept up by another process at the same time.
        foreach (var place in namespaces.Where(place => place.Exists))
        {
            try
            {
                await place.DeleteAsync();
            }
            catch (LabException failure) when (place.Exists)
            {
                failures.Add(failure);
            }
        }

        if (failures.Count > 0)
        {
            throw new LabException(LabError.CleanUp, string.Join('\n', failures.Select(failure => failure.Message)), failures[0]);
        }
    }

    private void SetCut(string one, string other, bool cut)
    {
        var (from, to) = (IndexOf(one), IndexOf(other));
        _router.SetCut(from, to, cut);
        _router.SetCut(to, from, cut);
    }

    private int IndexOf(string name)
    {
        for (var i = 0; i < Hosts.Count; i++)
        {
            if (Hosts[i].Name == name)
            {
                return i;
            }
        }

        throw new LabException(LabError.Unknown, $"There is no host \"{name}\"; there are {string.Join(", ", Hosts.Select(host => host.Name))}.");
    }
}
