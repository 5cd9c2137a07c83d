using Skein.Core.Errors;

namespace Skein.P2P.Errors;

/// <summary>Something in the network layer was refused or failed.</summary>
public sealed class P2PException : SkeinException
{
    /// <summary>Creates the failure.</summary>
    /// <param name="error">Why.</param>
    /// <param name="message">What happened, to what, and what to do.</param>
    /// <param name="inner">What caused it.</param>
    public P2PException(P2PError error, string message, Exception? inner = null)
        : base(ErrorCodes.From("p2p", error), message, inner)
    {
        Error = error;
    }

    /// <summary>Why.</summary>
    public P2PError Error { get; }

    /// <summary>The same failure for one more who is told: an exception that many throw again would carry the stack of each of them, and grow without end.</summary>
    internal P2PException Again() => new(Error, Message, this);
}
