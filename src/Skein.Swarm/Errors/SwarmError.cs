namespace Skein.Swarm.Errors;

/// <summary>Why something in the ring was refused or failed. Values travel on the wire: never renumber, never reuse.</summary>
public enum SwarmError : byte
{
    /// <summary>A defect in the peer that reports it; the message names it.</summary>
    Internal = 0,

    /// <summary>A stage has no KV memory left for the session; retry when another session ends.</summary>
    KvBudgetExhausted = 1,

    /// <summary>A stage serves as many sessions as it may; retry when one ends.</summary>
    TooManySessions = 2,

    /// <summary>The node does not host this model.</summary>
    UnknownModel = 3,

    /// <summary>The node hosts the model, but not exactly this span.</summary>
    SpanNotHosted = 4,

    /// <summary>A stage could not reach the next stage.</summary>
    NextHopUnreachable = 5,

    /// <summary>Bytes that are no message of this protocol, or a message with a field out of range.</summary>
    BadMessage = 6,

    /// <summary>A frame whose shape does not fit the session: width, rows, type of number.</summary>
    BadFrame = 7,

    /// <summary>A frame whose position does not continue the sequence, or lies past what was reserved.</summary>
    BadPosition = 8,

    /// <summary>A frame came out of order: one before it is missing.</summary>
    OutOfOrder = 9,

    /// <summary>Rows with NaN or infinity, or too large for the codec.</summary>
    NotFinite = 10,

    /// <summary>More frames at once than a session, or all sessions of a node, may have waiting.</summary>
    TooManyFrames = 11,

    /// <summary>The engine of a stage failed.</summary>
    ComputeFailed = 12,

    /// <summary>The connection to a peer broke.</summary>
    PeerLost = 13,

    /// <summary>A peer is connected but made no progress within its bound.</summary>
    NoProgress = 14,

    /// <summary>The session was closed by its owner.</summary>
    SessionClosed = 15,

    /// <summary>Nothing arrived for the session for too long.</summary>
    SessionIdle = 16,

    /// <summary>No complete chain of stages is known: blocks are missing.</summary>
    ChainIncomplete = 17,

    /// <summary>The peer does not know the codec.</summary>
    UnsupportedCodec = 18,

    /// <summary>The node is shutting down.</summary>
    ShuttingDown = 19,

    /// <summary>The peer does not speak this protocol or version.</summary>
    UnsupportedProtocol = 20,

    /// <summary>A peer could not be reached.</summary>
    ConnectFailed = 21,

    /// <summary>A limit on connections or links was reached; retry later.</summary>
    LimitReached = 22,

    /// <summary>A frame whose checksum does not match: the connection that carried it is closed.</summary>
    ChecksumMismatch = 23,

    /// <summary>The session would need more positions than a stage can hold.</summary>
    ContextTooLong = 24,

    /// <summary>A frame of a session that the node has never heard of: it reached the wrong node.</summary>
    UnknownSession = 25,
}
