namespace Skein.Fuzz;

/// <summary>What targets assert: a promise of a decoder that an input broke.</summary>
public static class FuzzCheck
{
    /// <exception cref="InvalidOperationException">It does not hold.</exception>
    public static void Holds(bool condition, string promise)
    {
        if (!condition)
        {
            throw new InvalidOperationException($"Broken promise: {promise}");
        }
    }

    /// <summary>The result of an asynchronous decoder over memory, which has nothing to wait for: what it allocates is then counted on this thread.</summary>
    public static T CompletesAtOnce<T>(ValueTask<T> decoding)
    {
        Holds(decoding.IsCompleted, "decoding memory completes at once");
        return decoding.AsTask().GetAwaiter().GetResult();
    }
}
