using System.Net;
using Skein.Lab.Errors;

namespace Skein.Lab.Hosts;

/// <summary>A machine of the laboratory: a network namespace of its own, behind a home router or not.</summary>
/// <remarks>Thread-safe.</remarks>
public sealed class LabHost
{
    /// <summary>More is a mistake of a script, not a load that one machine carries.</summary>
    private const int MostProcesses = 64;

    /// <summary>All that are kept, those that have ended included; a script that starts more should build a new laboratory now and then.</summary>
    private const int MostStarted = 4_096;

    private readonly Lock _gate = new();
    private readonly List<LabProcess> _processes = [];
    private readonly NetworkNamespace _place;

    internal LabHost(LabHostSettings settings, IPAddress publicAddress, IPAddress ownAddress, NetworkNamespace place)
    {
        Settings = settings;
        PublicAddress = publicAddress;
        OwnAddress = ownAddress;
        _place = place;
    }

    /// <summary>Its name.</summary>
    public string Name => Settings.Name;

    /// <summary>What it is.</summary>
    public LabHostSettings Settings { get; }

    /// <summary>The address that others see: its own, or its home router's.</summary>
    public IPAddress PublicAddress { get; }

    /// <summary>The address that its own interface has; in a home a private one, and the same in every home.</summary>
    public IPAddress OwnAddress { get; }

    /// <summary>Name of its network namespace, for <c>ip netns exec</c>.</summary>
    public string Namespace => _place.Name;

    /// <summary>Its processes, those that have ended included.</summary>
    public IReadOnlyList<LabProcess> Processes
    {
        get
        {
            lock (_gate)
            {
                return [.. _processes];
            }
        }
    }

    /// <summary>Starts a process on it. It is killed with the laboratory, with all its children.</summary>
    /// <param name="program">Path or name of the program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="environment">Variables beside those of this process.</param>
    /// <exception cref="LabException"><see cref="LabError.Process"/>: too many run already, or were started.</exception>
    public LabProcess Start(string program, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        lock (_gate)
        {
            if (_processes.Count(process => !process.HasExited) >= MostProcesses)
            {
                throw new LabException(LabError.Process, $"{MostProcesses} processes run on host {Name} already; end some first.");
            }

            if (_processes.Count == MostStarted)
            {
                throw new LabException(LabError.Process, $"{MostStarted} processes were started on host {Name}; build a new laboratory.");
            }

            var started = LabProcess.Start(Name, _place, program, arguments, environment);
            _processes.Add(started);
            return started;
        }
    }

    /// <summary>Runs a program to its end.</summary>
    /// <exception cref="LabException"><see cref="LabError.Process"/>: it did not end in time and was killed.</exception>
    public Task<ToolOutput> RunAsync(string program, IReadOnlyList<string> arguments, TimeSpan patience, CancellationToken cancellationToken) =>
        SystemTool.TryRunAsync("ip", [.. _place.Enter(program, arguments)], null, patience, cancellationToken);

    /// <summary>Kills all its processes that were started through <see cref="Start"/>, as a power cut does.</summary>
    public void Kill()
    {
        foreach (var process in Processes.Where(process => !process.HasExited))
        {
            process.Kill();
        }
    }

    /// <summary>Stops its processes in their tracks; <see cref="Thaw"/> lets them go on.</summary>
    public void Freeze()
    {
        foreach (var process in Processes)
        {
            process.Freeze();
        }
    }

    /// <summary>Lets its processes go on.</summary>
    public void Thaw()
    {
        foreach (var process in Processes)
        {
            process.Thaw();
        }
    }
}
