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

    private readonly TaskCompletionSource<HiddenRows> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
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
    public void Complete(HiddenRows result)
    {
        End();
        if (!_completion.TrySetResult(result))
        {
            result.Dispose();
        }
    }

    /// <summary>Ends work with a failure.</summary>
    public void Fail(Exception error)
    {
        End();
        _completion.TrySetException(error);
    }

    /// <summary>Ends started work as cancelled.</summary>
    public void Cancel()
    {
        End();
        _completion.TrySetCanceled(CancellationToken.IsCancellationRequested ? CancellationToken : new CancellationToken(canceled: true));
    }

    private void End()
    {
        Volatile.Write(ref _state, Ended);

        // Not Dispose: that would wait for a callback which may be waiting for the lane.
        _registration.Unregister();
    }
}
