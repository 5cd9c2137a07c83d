namespace Skein.P2P.Yamux;

/// <summary>Flags of frames. Wire values.</summary>
[Flags]
public enum YamuxFlags : ushort
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Opens a stream; asks, on a ping.</summary>
    Syn = 1,

    /// <summary>Accepts a stream; answers, on a ping.</summary>
    Ack = 2,

    /// <summary>The sender sends no more on this stream.</summary>
    Fin = 4,

    /// <summary>The stream is over at once.</summary>
    Rst = 8,
}
