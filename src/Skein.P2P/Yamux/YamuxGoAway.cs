namespace Skein.P2P.Yamux;

/// <summary>Why a session ends. Wire values.</summary>
public enum YamuxGoAway
{
    /// <summary>It is done.</summary>
    Normal = 0,

    /// <summary>The other side broke the protocol.</summary>
    ProtocolError = 1,

    /// <summary>Something here failed.</summary>
    InternalError = 2,
}
