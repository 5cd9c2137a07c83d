namespace Skein.P2P.Connections;

/// <summary>Counts work under way, so that a host can wait for its end. Thread-safe.</summary>
internal sealed class RunningWork
{
    private readonly Lock _gate = new();
    private int _count;
    private TaskCompletionSource? _idle;

    public void Enter()
    {
        lock (_gate)
        {
            _count++;
        }
    }

    public void Leave()
    {
        TaskCompletionSource? idle;
        lock (_gate)
        {
            idle = --_count == 0 ? _idle : null;
        }

        idle?.TrySetResult();
    }

    /// <summary>Ends when nothing is under way; ask only when nothing more can start.</summary>
    public Task WhenIdle()
    {
        lock (_gate)
        {
            if (_count == 0)
            {
                return Task.CompletedTask;
            }

            _idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _idle.Task;
        }
    }
}
