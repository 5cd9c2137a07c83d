namespace Skein.P2P.Tests;

/// <summary>Bounded waits that say which phase was missing.</summary>
internal static class Waiting
{
    public static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    public static async Task<T> Within<T>(this Task<T> task, string phase)
    {
        try
        {
            return await task.WaitAsync(Bound);
        }
        catch (TimeoutException fault)
        {
            throw new TimeoutException($"Still missing after {Bound.TotalSeconds} s: {phase}.", fault);
        }
    }

    public static Task<T> Within<T>(this ValueTask<T> task, string phase) => task.AsTask().Within(phase);

    public static async Task Within(this Task task, string phase)
    {
        try
        {
            await task.WaitAsync(Bound);
        }
        catch (TimeoutException fault)
        {
            throw new TimeoutException($"Still missing after {Bound.TotalSeconds} s: {phase}.", fault);
        }
    }

    public static Task Within(this ValueTask task, string phase) => task.AsTask().Within(phase);

    /// <summary>Waits until a state is reached that nothing announces.</summary>
    public static async Task Until(Func<bool> condition, string phase)
    {
        var end = Environment.TickCount64 + (long)Bound.TotalMilliseconds;
        while (!condition())
        {
            Assert.True(Environment.TickCount64 < end, $"Still missing after {Bound.TotalSeconds} s: {phase}.");
            await Task.Delay(2);
        }
    }
}
