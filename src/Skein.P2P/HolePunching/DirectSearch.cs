namespace Skein.P2P.HolePunching;

/// <summary>A search for a direct way to one peer, as those who wait for it and those who follow the peer's lead see it. Thread-safe.</summary>
internal sealed class DirectSearch
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _givenUp = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _tries;

    /// <summary>Ends with the search.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Ends when the other side has led as many rounds as it may, in vain.</summary>
    public Task GivenUp => _givenUp.Task;

    /// <summary>Rounds that the other side led.</summary>
    public int Tries => Volatile.Read(ref _tries);

    /// <summary>Why the last round failed.</summary>
    public string Reason { get; private set; } = "The peer did not try to find a direct way.";

    /// <summary>A round begins; false if the other side has led as many as it may.</summary>
    public bool TryBegin(int most)
    {
        for (var tries = Tries; tries < most; tries = Tries)
        {
            if (Interlocked.CompareExchange(ref _tries, tries + 1, tries) == tries)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A round has failed.</summary>
    public void Failed(string reason, int most)
    {
        Reason = reason;
        if (Tries >= most)
        {
            _givenUp.TrySetResult();
        }
    }

    public void End() => _ended.TrySetResult();
}
