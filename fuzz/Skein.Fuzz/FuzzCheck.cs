namespace Skein.Fuzz;

/// <summary>What targets assert: a promise of a decoder that an input broke.</summary>
public static class FuzzCheck
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    /// <exception cref="InvalidOperationException">It does not hold.</exception>
    public static void Holds(bool condition, string promise)
    {
        if (!condition)
        {
            throw new InvalidOperationException($"Broken promise: {promise}");
        }
    }

    /// <summary>The end of what runs loops of its own and may hop between threads; more than a minute of waiting is a hang.</summary>
    public static void Ends(Task running, string promise)
    {
        try
        {
            running.WaitAsync(LongestWait, TimeProvider.System).GetAwaiter().GetResult();
        }
        catch (TimeoutException)
        {
            Holds(false, promise);
        }
    }

    /// <summary>The result of an asynchronous decoder over memory, which has nothing to wait for: what it allocates is then counted on this thread.</summary>
    public static T CompletesAtOnce<T>(ValueTask<T> decoding)
    {
        Holds(decoding.IsCompleted, "decoding memory completes at once");
        return decoding.AsTask().GetAwaiter().GetResult();
    }

    /// <summary>The same for what has no result.</summary>
    public static void CompletesAtOnce(ValueTask working)
    {
        Holds(working.IsCompleted, "work over memory completes at once");
        working.AsTask().GetAwaiter().GetResult();
    }
}
