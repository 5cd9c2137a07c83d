namespace Skein.P2P.Errors;

/// <summary>Why something in the network layer was refused or failed. Values are stable: programs and metrics hold them.</summary>
public enum P2PError
{
    /// <summary>Bytes or text that are not what they should be.</summary>
    Malformed = 1,

    /// <summary>A named limit was passed.</summary>
    LimitReached = 2,

    /// <summary>A signature does not fit its key and message.</summary>
    BadSignature = 3,

    /// <summary>The peer is not the one that was dialled.</summary>
    WrongPeer = 4,

    /// <summary>The peer speaks none of the offered protocols.</summary>
    ProtocolNotSupported = 5,

    /// <summary>The secure handshake failed.</summary>
    HandshakeFailed = 6,

    /// <summary>No connection could be made.</summary>
    DialFailed = 7,

    /// <summary>The connection is closed.</summary>
    ConnectionClosed = 8,

    /// <summary>The other side reset the stream.</summary>
    StreamReset = 9,

    /// <summary>Something took longer than its bound.</summary>
    TimedOut = 10,

    /// <summary>The other side broke the protocol.</summary>
    ProtocolViolation = 11,

    /// <summary>The key is of a kind that Skein does not use.</summary>
    UnsupportedKey = 12,

    /// <summary>No address of the peer is known, or none that can be dialled.</summary>
    NoAddress = 13,
}
