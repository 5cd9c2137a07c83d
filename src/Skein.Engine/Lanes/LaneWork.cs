using Skein.Core.Hidden;

namespace Skein.Engine.Lanes;

/// <summary>One request for rows that waits for a lane, and the task that its caller awaits.</summary>
/// <remarks>
/// The caller's rows are borrowed until the task ends, so the task may only be cancelled while no lane reads them: <see cref="TryStart"/> and
/// <see cref="TryCancelQueued"/> decide that race by compare-exchange.
/// </remarks>
internal abstract class LaneWork(CancellationToken cancellationToken)
{
    private const int Queued = 0;
    private const int Started = 1;
    private const int Ended = 2;

    private readonly TaskCompletionSource<HiddenRows> _completion = new();
    private CancellationTokenRegistration _registration;
    private int _state;

    /// <summary>The caller's token.</summary>
    public CancellationToken CancellationToken { get; } = cancellationToken;

    /// <summary>What the caller awaits.</summary>
    public Task<HiddenRows> Task => _completion.Task;

    /// <summary>Whether the caller no longer wants it.</summary>
    public bool IsCancellationRequested => CancellationToken.IsCancellationRequested;

    /// <summary>Whether it neither started nor ended.</summary>
    public bool IsQueued => Volatile.Read(ref _state) == Queued;

    /// <summary>Takes the work for computing; false if it was cancelled while queued.</summary>
    public bool TryStart() => Interlocked.CompareExchange(ref _state, Started, Queued) == Queued;

    /// <summary>Ends queued work as cancelled; false if a lane has it.</summary>
    public bool TryCancelQueued()
    {
        if (Interlocked.CompareExchange(ref _state, Ended, Queued) != Queued)
        {
            return false;
        }

        // On the thread that cancels: like any callback of a token.
        _completion.TrySetCanceled(CancellationToken);
        return true;
    }

    /// <summary>Calls back when the caller cancels, at once if that has happened. To be called before the work is queued.</summary>
    public void OnCancelled(Action<LaneWork> action)
    {
        if (CancellationToken.CanBeCanceled)
        {
            _registration = CancellationToken.UnsafeRegister(static state =>
            {
                var (work, action) = ((LaneWork, Action<LaneWork>))state!;
                action(work);
            }, (this, action));
        }
    }

    /// <summary>Ends started work with its result, which now belongs to the caller.</summary>
    /// <param name="result">The rows.</param>
    /// <param name="isAlone">
    /// Whether nobody else waits for this round. Then what the caller does next runs on the lane, up to its first wait: mostly it hands the rows on, and waking a
    /// thread for that takes as long as a fifth of a small block. With others waiting, each caller goes on on a thread of its own.
    /// </param>
    public void Complete(HiddenRows result, bool isAlone)
    {
        End();
        if (isAlone)
        {
            SetResult(result);
        }
        else
        {
            ThreadPool.UnsafeQueueUserWorkItem(static state => state.Work.SetResult(state.Result), (Work: this, Result: result), preferLocal: false);
        }
    }

    /// <summary>Ends work with a failure.</summary>
    public void Fail(Exception error)
    {
        End();
        ThreadPool.UnsafeQueueUserWorkItem(static state => state.Completion.TrySetException(state.Error), (Completion: _completion, Error: error), preferLocal: false);
    }

    /// <summary>Ends started work as cancelled.</summary>
    public void Cancel()
    {
        End();
        ThreadPool.UnsafeQueueUserWorkItem(
            static work => work._completion.TrySetCanceled(work.CancellationToken.IsCancellationRequested ? work.CancellationToken : new CancellationToken(canceled: true)),
            this,
            preferLocal: false);
    }

    private void SetResult(HiddenRows result)
    {
        if (!_completion.TrySetResult(result))
        {
            result.Dispose();
        }
    }

    private void End()
    {
        Volatile.Write(ref _state, Ended);

        // Not Dispose: that would wait for a callback which may be waiting for the lane.
        _registration.Unregister();
    }
}
