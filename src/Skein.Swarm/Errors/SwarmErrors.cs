using System.Net.Sockets;
using System.Text;
using Skein.Core.Stages;
using Skein.P2P.Errors;

namespace Skein.Swarm.Errors;

/// <summary>Turns what went wrong here into what may be told to a peer.</summary>
internal static class SwarmErrors
{
    /// <summary>The most UTF-8 bytes of an error's message on the wire: a sentence or two; more would be a way to send bulk through errors.</summary>
    public const int MaxMessageBytes = 512;

    /// <summary>Names any failure as one of the ring's own.</summary>
    /// <remarks>The text of unexpected exceptions stays in this process: it may hold what a peer should not read.</remarks>
    public static SwarmException From(Exception exception) => exception switch
    {
        SwarmException swarm => swarm,
        StageException stage => new SwarmException(From(stage.Error), stage.Message, null, stage),
        EndOfStreamException => new SwarmException(SwarmError.PeerLost, "the peer closed the connection", null, exception),
        ObjectDisposedException => new SwarmException(SwarmError.PeerLost, "the connection was closed", null, exception),
        SocketException socket => new SwarmException(SwarmError.PeerLost, $"the connection broke ({socket.SocketErrorCode})", null, exception),
        IOException { InnerException: SocketException socket } => new SwarmException(SwarmError.PeerLost, $"the connection broke ({socket.SocketErrorCode})", null, exception),
        IOException => new SwarmException(SwarmError.PeerLost, "the connection broke", null, exception),
        P2PException { Error: P2PError.ProtocolNotSupported } p2p => new SwarmException(SwarmError.UnsupportedProtocol, p2p.Message, null, exception),
        P2PException p2p => new SwarmException(SwarmError.PeerLost, $"the connection broke ({p2p.Error})", null, exception),
        OperationCanceledException => new SwarmException(SwarmError.SessionClosed, "the work was cancelled", null, exception),
        _ => new SwarmException(SwarmError.Internal, $"an unexpected failure ({exception.GetType().Name}); the log of the node that reports it tells more", null, exception),
    };

    /// <summary>A stage's own error, as the ring names it.</summary>
    public static SwarmError From(StageError error) => error switch
    {
        StageError.KvBudgetExhausted => SwarmError.KvBudgetExhausted,
        StageError.TooManySequences => SwarmError.TooManySessions,
        StageError.SequenceFull or StageError.BadPosition => SwarmError.BadPosition,
        StageError.BadShape => SwarmError.BadFrame,
        StageError.NotFinite => SwarmError.NotFinite,
        StageError.Busy => SwarmError.TooManyFrames,
        StageError.Poisoned or StageError.ComputeFailed => SwarmError.ComputeFailed,
        StageError.Closed => SwarmError.ShuttingDown,
        _ => SwarmError.Internal,
    };

    /// <summary>Cuts a message to <see cref="MaxMessageBytes"/> of UTF-8 without breaking a character.</summary>
    public static string Bound(string message) => Bound(message, MaxMessageBytes);

    /// <summary>Cuts text to so many bytes of UTF-8 without breaking a character.</summary>
    public static string Bound(string text, int maxBytes)
    {
        if (Encoding.UTF8.GetByteCount(text) <= maxBytes)
        {
            return text;
        }

        var used = 0;
        var kept = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            used += rune.Utf8SequenceLength;
            if (used > maxBytes)
            {
                break;
            }

            kept.Append(rune.ToString());
        }

        return kept.ToString();
    }
}
