using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Skein.Lab.Errors;
using Skein.Lab.Kernel;
using Skein.Lab.Links;

namespace Skein.Lab.Router;

/// <summary>The internet of a laboratory: one thread that moves packets between the TUN devices of its hosts, each at its time.</summary>
/// <remarks>
/// <para>The thread sleeps in <c>ppoll</c> until a packet comes or one is due, with the timer slack of its kernel timers turned off and, where allowed, first-in-first-out scheduling: waking up then costs
/// some 50 to 100 us and nothing is spun. It does not allocate once its queues have grown.</para>
/// <para>All members are thread-safe; a change holds from the moment that its call returns.</para>
/// </remarks>
internal sealed class LabRouter : IPacketSink, IDisposable
{
    /// <summary>Packets read from one device before the others have their turn.</summary>
    private const int ReadsInARow = 64;

    /// <summary>Without anything to do the thread still looks round so often, nanoseconds.</summary>
    private const long LongestSleep = 1_000_000_000;

    /// <summary>A packet later than this spoils a measurement of milliseconds.</summary>
    private const long Late = 1_000_000;

    private readonly Lock _gate = new();
    private readonly IReadOnlyList<TunDevice> _devices;
    private readonly PacketFabric _fabric;
    private readonly PollEntry[] _entries;
    private readonly SafeFileHandle _wake;
    private readonly long _origin = Stopwatch.GetTimestamp();
    private readonly Thread _thread;
    private bool _stopped;
    private long _now;
    private long _packets;
    private long _latenessSum;
    private long _latenessWorst;
    private long _latePackets;
    private long _refused;
    private long _cpuTime;

    /// <summary>Starts the router.</summary>
    /// <param name="devices">One device per port; owned from here on.</param>
    /// <param name="ports">The access line of each port.</param>
    /// <param name="link">The settings of each directed link, by port numbers.</param>
    /// <param name="seed">What all chance depends on.</param>
    public LabRouter(IReadOnlyList<TunDevice> devices, IReadOnlyList<PortSettings> ports, Func<int, int, LinkSettings> link, ulong seed)
    {
        _devices = devices;
        _fabric = new PacketFabric(ports, link, this, seed);
        var wake = LinuxCalls.EventCounter(0, LinuxCalls.NonBlocking | LinuxCalls.CloseOnExec);
        if (wake < 0)
        {
            throw new LabException(LabError.Requirement, $"Could not make an event counter: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}.");
        }

        _wake = new SafeFileHandle(wake, ownsHandle: true);
        _entries = new PollEntry[devices.Count + 1];
        for (var i = 0; i < devices.Count; i++)
        {
            _entries[i] = new PollEntry { File = devices[i].File, Wanted = LinuxCalls.PollIn };
        }

        _entries[^1] = new PollEntry { File = wake, Wanted = LinuxCalls.PollIn };
        _thread = new Thread(Run) { IsBackground = true, Name = "lab-router" };
        _thread.Start();
    }

    /// <summary>How well the router keeps time so far.</summary>
    public RouterLoad Load
    {
        get
        {
            lock (_gate)
            {
                return new RouterLoad(
                    _packets,
                    Span(_cpuTime),
                    Span(_latenessSum / Math.Max(1, _packets)),
                    Span(_latenessWorst),
                    _latePackets,
                    _fabric.Unroutable,
                    _refused);
            }
        }
    }

    /// <summary>What a directed link does now.</summary>
    public LinkSettings LinkOf(int from, int to)
    {
        lock (_gate)
        {
            return _fabric.Link(from, to).Settings;
        }
    }

    /// <summary>Changes a directed link.</summary>
    public void SetLink(int from, int to, LinkSettings settings)
    {
        lock (_gate)
        {
            _fabric.SetLink(from, to, settings, Clock());
        }

        Wake();
    }

    /// <summary>Cuts a directed link, or heals it. What is on the way when it is cut is lost.</summary>
    public void SetCut(int from, int to, bool cut)
    {
        lock (_gate)
        {
            _fabric.SetCut(from, to, cut, Clock());
        }
    }

    /// <summary>What happened on a directed link so far.</summary>
    public LinkCounters CountersOf(int from, int to, string fromName, string toName)
    {
        lock (_gate)
        {
            var link = _fabric.Link(from, to);
            return new LinkCounters(
                fromName,
                toName,
                link.SentPackets,
                link.SentBytes,
                link.DeliveredPackets,
                link.DeliveredBytes,
                link.LostByChance,
                link.LostInQueue,
                link.LostByCut);
        }
    }

    /// <inheritdoc/>
    void IPacketSink.Deliver(int port, ReadOnlySpan<byte> packet)
    {
        _packets++;
        if (!_devices[port].Write(packet))
        {
            _refused++;
        }
    }

    /// <summary>Stops the thread and takes the devices away; what is under way is lost.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_stopped)
            {
                return;
            }

            _stopped = true;
        }

        Wake();

        // A turn is microseconds long and a sleep at most LongestSleep.
        _thread.Join();
        foreach (var device in _devices)
        {
            device.Dispose();
        }

        _wake.Dispose();
    }

    private static TimeSpan Span(long nanoseconds) => TimeSpan.FromTicks(nanoseconds / TimeSpan.NanosecondsPerTick);

    private long Clock() => (long)((Stopwatch.GetTimestamp() - _origin) * (1e9 / Stopwatch.Frequency));

    private void Wake()
    {
        var one = BitConverter.GetBytes(1UL);
        LinuxCalls.Write(_wake, ref one[0], (nuint)one.Length);
    }

    private void Run()
    {
        // Both only better the precision: a kernel that refuses them gives a router that is late more often, and its load shows it.
        var priority = 1;
        _ = LinuxCalls.SetScheduler(0, LinuxCalls.FirstInFirstOut | LinuxCalls.ResetOnFork, ref priority);
        _ = LinuxCalls.Control(LinuxCalls.SetTimerSlack, 1, 0, 0, 0);
        while (true)
        {
            long sleep;
            lock (_gate)
            {
                if (_stopped)
                {
                    return;
                }

                Turn();
                sleep = Math.Clamp(_fabric.NextWake - Clock(), 0, LongestSleep);
            }

            var timeout = TimeValue.From(sleep);
            if (LinuxCalls.Poll(ref _entries[0], (nuint)_entries.Length, ref timeout, 0) < 0)
            {
                // Interrupted by a signal: nothing is known to be ready; the next turn only does what is due.
                foreach (ref var entry in _entries.AsSpan())
                {
                    entry.Got = 0;
                }
            }
        }
    }

    private void Turn()
    {
        _now = Clock();
        var due = _fabric.NextWake;
        if (due <= _now)
        {
            var before = _packets;
            _fabric.Advance(_now);
            CountLateness(_now - due, _packets - before);
        }

        for (var port = 0; port < _devices.Count; port++)
        {
            ref var entry = ref _entries[port];
            if ((entry.Got & LinuxCalls.PollIn) != 0)
            {
                ReadFrom(port);
            }
            else if (entry.Got != 0)
            {
                // The device is gone, with its namespace: nothing comes from it any more.
                entry.File = -1;
            }

            entry.Got = 0;
        }

        if (_entries[^1].Got != 0)
        {
            _entries[^1].Got = 0;
            Span<byte> count = stackalloc byte[sizeof(ulong)];
            LinuxCalls.Read(_wake, ref MemoryMarshal.GetReference(count), (nuint)count.Length);
        }

        var cpu = default(TimeValue);
        if (LinuxCalls.ReadClock(LinuxCalls.ThreadCpuTime, ref cpu) == 0)
        {
            _cpuTime = cpu.Nanoseconds;
        }
    }

    /// <summary>Counts a turn's packets as late as the first thing that was due in it.</summary>
    private void CountLateness(long lateness, long packets)
    {
        _latenessSum += lateness * packets;
        _latenessWorst = packets > 0 ? Math.Max(_latenessWorst, lateness) : _latenessWorst;
        _latePackets += lateness > Late ? packets : 0;
    }

    private void ReadFrom(int port)
    {
        for (var i = 0; i < ReadsInARow; i++)
        {
            if (_fabric.Pool.TryRent() is not { } buffer)
            {
                // 64 MiB are under way. What the hosts send waits in, or falls from, their own devices' queues.
                return;
            }

            var length = _devices[port].Read(buffer);
            if (length == 0)
            {
                _fabric.Pool.Return(buffer);
                return;
            }

            _fabric.Receive(port, buffer, length, _now);
        }
    }
}
