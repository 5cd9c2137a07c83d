using Skein.Core.Errors;

namespace Skein.Swarm.Errors;

/// <summary>Something in the ring was refused or failed.</summary>
public sealed class SwarmException : SkeinException
{
    /// <summary>Creates the failure.</summary>
    /// <param name="error">Why.</param>
    /// <param name="message">What happened, to what, and what to do.</param>
    /// <param name="retryAfter">When to try again, where the refusing peer or the coordinator knows.</param>
    /// <param name="inner">What caused it.</param>
    public SwarmException(SwarmError error, string message, TimeSpan? retryAfter = null, Exception? inner = null)
        : base(ErrorCodes.From("swarm", error), message, inner)
    {
        Error = error;
        RetryAfter = retryAfter;
    }

    /// <summary>Why.</summary>
    public SwarmError Error { get; }

    /// <summary>When to try again; null if unknown or useless.</summary>
    public TimeSpan? RetryAfter { get; }

    /// <summary>Whether the same request may succeed a little later: room was short, a peer was lost, blocks were missing.</summary>
    public bool IsTransient => Error is SwarmError.KvBudgetExhausted or SwarmError.TooManySessions or SwarmError.TooManyFrames or SwarmError.LimitReached
        or SwarmError.NextHopUnreachable or SwarmError.PeerLost or SwarmError.NoProgress or SwarmError.ChainIncomplete or SwarmError.ShuttingDown or SwarmError.ConnectFailed;
}
