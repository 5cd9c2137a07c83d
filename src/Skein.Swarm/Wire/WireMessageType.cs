namespace Skein.Swarm.Wire;

/// <summary>What a message is. Values travel on the wire: never renumber.</summary>
public enum WireMessageType : byte
{
    /// <summary>Hidden rows of one step of one session; the only type with a fixed layout.</summary>
    Frame = 1,

    /// <summary>A session, or the connection, failed.</summary>
    Error = 2,

    /// <summary>Keeps a connection warm and measures its round trip.</summary>
    Heartbeat = 3,

    /// <summary>First message of a frame stream: names the link.</summary>
    Hello = 4,

    /// <summary>The answer to <see cref="Hello"/>: the link may be named in sessions from now on.</summary>
    Welcome = 5,

    /// <summary>What a node hosts; its first message on a session stream.</summary>
    Offers = 16,

    /// <summary>Asks a stage to take part in a session.</summary>
    Open = 17,

    /// <summary>The stage takes part.</summary>
    Opened = 18,

    /// <summary>The stage does not.</summary>
    Refused = 19,

    /// <summary>Ends a session in a stage.</summary>
    Close = 20,

    /// <summary>The session ended; what the stage did for it.</summary>
    Closed = 21,

    /// <summary>The stage is alive and a step of the session waits or runs.</summary>
    Progress = 22,
}
