namespace Skein.Engine.Stages;

/// <summary>Something other than rows that must happen on the lane: a rollback, a copy, an end.</summary>
internal sealed class ControlWork(Action action)
{
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when the action has run.</summary>
    public Task Task => _completion.Task;

    /// <summary>Runs it on the lane.</summary>
    public void Run()
    {
        try
        {
            action();
            _completion.TrySetResult();
        }
        catch (Exception error)
        {
            // The failure belongs to who asked, not to the lane.
            _completion.TrySetException(error);
        }
    }

    /// <summary>Ends it without running.</summary>
    public void Fail(Exception error) => _completion.TrySetException(error);
}
