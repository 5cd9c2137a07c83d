namespace Skein.Gateway.Tests.Fakes;

/// <summary>Bounded waits that say which phase was missing.</summary>
internal static class Waiting
{
    public static async Task<T> Within<T>(this Task<T> task, string phase)
    {
        await ((Task)task).Within(phase);
        return await task;
    }

    public static async Task Within(this Task task, string phase)
    {
        try
        {
            await task.WaitAsync(TestGateway.Patience);
        }
        catch (TimeoutException fault)
        {
            throw new TimeoutException($"Still missing after {TestGateway.Patience.TotalSeconds} s: {phase}.", fault);
        }
    }

    /// <summary>Waits until a state is reached that nothing announces.</summary>
    public static async Task Until(Func<bool> condition, string phase)
    {
        using var late = new CancellationTokenSource(TestGateway.Patience);
        while (!condition())
        {
            Assert.False(late.IsCancellationRequested, $"Still missing after {TestGateway.Patience.TotalSeconds} s: {phase}.");
            await Task.Delay(5);
        }
    }
}
