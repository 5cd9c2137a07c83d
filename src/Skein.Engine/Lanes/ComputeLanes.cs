using System.Diagnostics;

namespace Skein.Engine.Lanes;

/// <summary>The dedicated threads that call llama.cpp. Shared by all stages of a process; thread-safe.</summary>
/// <remarks>
/// A stage is run by one lane at a time and by no lane in particular. There are few lanes on purpose: every thread that enters llama.cpp gets a team of worker
/// threads of its own from the OpenMP runtime, which spin between steps, so their number must not grow with the stages (ADR 5).
/// Lanes times threads never exceeds the processors, except that there is always one lane. No lock is held while computing.
/// </remarks>
public sealed class ComputeLanes : IDisposable
{
    // A hop between stages of one process takes some tens of microseconds; waking a sleeping thread takes as long again. An idle lane looks for work this long before it sleeps.
    private static readonly long SpinTicks = Stopwatch.Frequency * 30 / 1_000_000;
    private static readonly Lazy<ComputeLanes> Default = new(() => new ComputeLanes(DefaultThreads()), LazyThreadSafetyMode.ExecutionAndPublication);

    private readonly Lock _gate = new();
    private readonly Queue<IComputeWork> _queue = new();
    private readonly SemaphoreSlim _available = new(0);
    private readonly Thread[] _lanes;
    private int _waiting;
    private volatile bool _stopping;

    /// <summary>Starts lanes.</summary>
    /// <param name="threads">Threads that one computation uses, 1 to the number of processors.</param>
    public ComputeLanes(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(threads, Environment.ProcessorCount);
        Threads = threads;
        _lanes = new Thread[Math.Max(1, Environment.ProcessorCount / threads)];
        for (var i = 0; i < _lanes.Length; i++)
        {
            _lanes[i] = new Thread(Run) { IsBackground = true, Name = $"skein-lane-{i}" };
            _lanes[i].Start();
        }
    }

    /// <summary>The process's own lanes, with <see cref="DefaultThreads"/>.</summary>
    public static ComputeLanes Shared => Default.Value;

    /// <summary>Threads that one computation uses.</summary>
    public int Threads { get; }

    /// <summary>Computations that run side by side.</summary>
    public int Count => _lanes.Length;

    /// <summary>All processors but one, which stays for the network and for handing rows over; at least one.</summary>
    public static int DefaultThreads() => Math.Max(1, Environment.ProcessorCount - 1);

    /// <summary>Lets the lanes end after what they compute now. Stages on them must have been disposed.</summary>
    public void Dispose()
    {
        _stopping = true;
        _available.Release(_lanes.Length);
        foreach (var lane in _lanes)
        {
            // The caller may itself be what a lane runs.
            if (lane != Thread.CurrentThread)
            {
                lane.Join();
            }
        }
    }

    /// <summary>Queues work; the caller makes sure that it is not queued twice.</summary>
    internal void Enqueue(IComputeWork work)
    {
        ObjectDisposedException.ThrowIf(_stopping, this);
        lock (_gate)
        {
            _queue.Enqueue(work);
        }

        Interlocked.Increment(ref _waiting);
        _available.Release();
    }

    private void Run()
    {
        while (true)
        {
            SpinForWork();
            _available.Wait();
            if (_stopping)
            {
                return;
            }

            IComputeWork work;
            lock (_gate)
            {
                work = _queue.Dequeue();
            }

            Interlocked.Decrement(ref _waiting);
            if (work.ComputeRound() && !_stopping)
            {
                Enqueue(work);
            }
        }
    }

    private void SpinForWork()
    {
        if (Environment.ProcessorCount == 1)
        {
            return;
        }

        var end = Stopwatch.GetTimestamp() + SpinTicks;
        while (Volatile.Read(ref _waiting) == 0 && !_stopping && Stopwatch.GetTimestamp() < end)
        {
            Thread.SpinWait(20);
        }
    }
}
