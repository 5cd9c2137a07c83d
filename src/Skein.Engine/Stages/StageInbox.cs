using Skein.Core.Stages;

namespace Skein.Engine.Stages;

/// <summary>What waits for a stage's next round. Thread-safe.</summary>
/// <remarks>
/// Bounded without a counter: a sequence has at most one step and one control in it at a time, and the sequences are bounded by the ledger. Cancelled steps are
/// removed at once, so that stepping and cancelling in turn leaves nothing behind.
/// </remarks>
internal sealed class StageInbox
{
    private readonly Lock _gate = new();
    private readonly Queue<ControlWork> _controls = new();
    private readonly LinkedList<StepWork> _decodes = new();
    private readonly LinkedList<StepWork> _prefills = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _scheduled;
    private bool _closed;

    /// <summary>Ends when the inbox is closed and no lane runs the stage, now or ever again.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Adds steps, so that one round gathers them together; those that were cancelled before stay out.</summary>
    /// <returns>Whether the caller must hand the stage to a lane.</returns>
    /// <exception cref="StageException"><see cref="StageError.Closed"/>.</exception>
    public bool Add(IReadOnlyList<StepWork> works)
    {
        lock (_gate)
        {
            ThrowIfClosed();
            var any = false;
            foreach (var work in works)
            {
                if (work.IsQueued)
                {
                    (work.Kind == StepKind.Decode ? _decodes : _prefills).AddLast(work);
                    any = true;
                }
            }

            return any && Schedule();
        }
    }

    /// <summary>Adds a control.</summary>
    /// <returns>Whether the caller must hand the stage to a lane.</returns>
    /// <exception cref="StageException"><see cref="StageError.Closed"/>.</exception>
    public bool Add(ControlWork work)
    {
        lock (_gate)
        {
            ThrowIfClosed();
            _controls.Enqueue(work);
            return Schedule();
        }
    }

    /// <summary>Removes a step that was cancelled while queued.</summary>
    public void Remove(StepWork work)
    {
        lock (_gate)
        {
            (work.Kind == StepKind.Decode ? _decodes : _prefills).Remove(work);
        }
    }

    /// <summary>The next control, or null.</summary>
    public ControlWork? TakeControl()
    {
        lock (_gate)
        {
            return _controls.TryDequeue(out var work) ? work : null;
        }
    }

    /// <summary>Takes the steps of one batch: decodes in order of arrival up to <paramref name="maxDecodeRows"/> rows, then at most one prefill.</summary>
    public void Gather(List<StepWork> batch, int maxDecodeRows)
    {
        lock (_gate)
        {
            var rows = 0;
            while (_decodes.First is { } node && rows + node.Value.Rows.Rows <= maxDecodeRows)
            {
                _decodes.RemoveFirst();
                if (node.Value.TryStart())
                {
                    rows += node.Value.Rows.Rows;
                    batch.Add(node.Value);
                }
            }

            while (_prefills.First is { } node)
            {
                _prefills.RemoveFirst();
                if (node.Value.TryStart())
                {
                    batch.Add(node.Value);
                    break;
                }
            }
        }
    }

    /// <summary>Ends a round.</summary>
    /// <returns>Whether more is waiting: the lane then runs another round.</returns>
    public bool EndRound()
    {
        lock (_gate)
        {
            _scheduled = _controls.Count > 0 || _decodes.Count > 0 || _prefills.Count > 0;
            if (_closed && !_scheduled)
            {
                _ended.TrySetResult();
            }

            return _scheduled;
        }
    }

    /// <summary>Takes nothing more. Controls that wait still run.</summary>
    /// <returns>The steps that waited, for the caller to fail.</returns>
    public List<StepWork> Close()
    {
        lock (_gate)
        {
            _closed = true;
            var left = _decodes.Concat(_prefills).Where(work => work.TryStart()).ToList();
            _decodes.Clear();
            _prefills.Clear();
            if (!_scheduled)
            {
                _ended.TrySetResult();
            }

            return left;
        }
    }

    private bool Schedule()
    {
        var idle = !_scheduled;
        _scheduled = true;
        return idle;
    }

    private void ThrowIfClosed()
    {
        if (_closed)
        {
            throw new StageException(StageError.Closed, "The stage is shutting down; use another one.");
        }
    }
}
