namespace Skein.P2P.HolePunching;

/// <summary>What a host may call at a stranger's word: so many peers at once, so many addresses a second. Thread-safe.</summary>
internal sealed class CallBudget(HolePunchOptions options, TimeProvider time)
{
    // What two peers of four addresses each take at once.
    private const int BurstSeconds = 2;

    private readonly Lock _gate = new();
    private (double Left, long At) _calls = (BurstSeconds * options.CallsPerSecond, time.GetTimestamp());
    private int _peers;

    /// <summary>Takes a peer's place and its calls; then <see cref="Release"/> must follow.</summary>
    /// <param name="calls">Addresses that will be called.</param>
    public bool TryTake(int calls)
    {
        lock (_gate)
        {
            var now = time.GetTimestamp();
            _calls = (Math.Min(BurstSeconds * options.CallsPerSecond, _calls.Left + (time.GetElapsedTime(_calls.At, now).TotalSeconds * options.CallsPerSecond)), now);
            if (_peers >= options.MaxPeers || _calls.Left < calls)
            {
                return false;
            }

            _peers++;
            _calls.Left -= calls;
            return true;
        }
    }

    /// <summary>Gives the peer's place back; calls that were made stay counted.</summary>
    public void Release()
    {
        lock (_gate)
        {
            _peers--;
        }
    }
}
