using System.Globalization;
using Skein.Lab.Errors;
using Skein.Lab.Kernel;

namespace Skein.Lab.Hosts;

/// <summary>One network namespace: a network stack of its own, with its own devices, addresses and firewall.</summary>
internal sealed class NetworkNamespace
{
    private const int Kill = 9;
    private const string Folder = "/run/netns";

    /// <summary>How long killed processes may take to be gone.</summary>
    private static readonly TimeSpan KillPatience = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan UpPatience = TimeSpan.FromSeconds(10);

    private NetworkNamespace(string name)
    {
        Name = name;
    }

    /// <summary>Name for <c>ip netns</c>.</summary>
    public string Name { get; }

    /// <summary>Whether it is still there.</summary>
    public bool Exists => File.Exists(Path.Combine(Folder, Name));

    /// <summary>All namespaces of laboratories on this machine, whoever made them.</summary>
    public static IReadOnlyList<NamespaceName> List()
    {
        List<NamespaceName> names = [];
        if (Directory.Exists(Folder))
        {
            foreach (var path in Directory.EnumerateFiles(Folder))
            {
                if (NamespaceName.TryParse(Path.GetFileName(path), out var name))
                {
                    names.Add(name);
                }
            }
        }

        return names;
    }

    /// <summary>A namespace that exists already.</summary>
    public static NetworkNamespace Existing(NamespaceName name) => new(name.ToString());

    /// <summary>Makes a namespace with a working loopback device and without IPv6.</summary>
    public static async Task<NetworkNamespace> CreateAsync(NamespaceName name, CancellationToken cancellationToken)
    {
        var made = new NetworkNamespace(name.ToString());
        await SystemTool.RunAsync("ip", ["netns", "add", made.Name], null, cancellationToken);
        return made;
    }

    /// <summary>Arguments of <c>ip</c> that run a program inside.</summary>
    public IEnumerable<string> Enter(string program, IEnumerable<string> arguments) => ["netns", "exec", Name, program, .. arguments];

    /// <summary>Applies lines of <c>ip -batch</c> inside.</summary>
    public Task ConfigureAsync(string lines, CancellationToken cancellationToken) =>
        SystemTool.RunAsync("ip", ["-n", Name, "-batch", "-"], lines, cancellationToken);

    /// <summary>Runs a tool inside and expects success.</summary>
    public Task<string> RunAsync(string program, IEnumerable<string> arguments, string? input, CancellationToken cancellationToken) =>
        SystemTool.RunAsync("ip", [.. Enter(program, arguments)], input, cancellationToken);

    /// <summary>Sets kernel parameters of this namespace.</summary>
    /// <param name="values">Path under <c>/proc/sys</c> and value.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public Task SetParametersAsync(IEnumerable<(string Path, string Value)> values, CancellationToken cancellationToken) =>
        RunAsync("sh", ["-ec", string.Join('\n', values.Select(value => $"echo {value.Value} > /proc/sys/{value.Path}"))], null, cancellationToken);

    /// <summary>Waits until a device carries packets: the kernel takes up to a second to notice, and programs that look earlier find no network.</summary>
    /// <exception cref="LabException"><see cref="LabError.Tool"/>: it never does.</exception>
    public async Task WaitUntilUpAsync(string device, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(UpPatience, TimeProvider.System);
        while (!(await SystemTool.RunAsync("ip", ["-n", Name, "-o", "link", "show", "dev", device], null, cancellationToken)).Contains("state UP", StringComparison.Ordinal))
        {
            if (limit.IsCancellationRequested)
            {
                throw new LabException(LabError.Tool, $"Device {device} in namespace {Name} did not come up within {UpPatience.TotalSeconds:0} s.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, cancellationToken);
        }
    }

    /// <summary>Kills whatever runs inside and takes the namespace away, with all its devices.</summary>
    /// <exception cref="LabException"><see cref="LabError.CleanUp"/>: something inside cannot be killed.</exception>
    public async Task DeleteAsync()
    {
        using var limit = new CancellationTokenSource(KillPatience, TimeProvider.System);
        while (await ProcessesAsync() is { Count: > 0 } left)
        {
            foreach (var process in left)
            {
                // Only what lives in a namespace that a laboratory made: nothing else can be hit.
                _ = LinuxCalls.Signal(process, Kill);
            }

            if (limit.IsCancellationRequested)
            {
                throw new LabException(LabError.CleanUp, $"Processes {string.Join(", ", left)} in namespace {Name} did not die; kill them, then run: ip netns delete {Name}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
        }

        await SystemTool.RunAsync("ip", ["netns", "delete", Name], null, CancellationToken.None);
    }

    private async Task<IReadOnlyList<int>> ProcessesAsync()
    {
        var text = await SystemTool.RunAsync("ip", ["netns", "pids", Name], null, CancellationToken.None);
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => int.Parse(line, CultureInfo.InvariantCulture))];
    }
}
