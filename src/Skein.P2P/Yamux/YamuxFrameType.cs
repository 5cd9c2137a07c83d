namespace Skein.P2P.Yamux;

/// <summary>Kinds of frames. Wire values.</summary>
public enum YamuxFrameType : byte
{
    /// <summary>Bytes of a stream.</summary>
    Data = 0,

    /// <summary>More may be sent on a stream.</summary>
    WindowUpdate = 1,

    /// <summary>Are you there.</summary>
    Ping = 2,

    /// <summary>The session ends.</summary>
    GoAway = 3,
}
