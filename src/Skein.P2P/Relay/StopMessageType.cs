namespace Skein.P2P.Relay;

/// <summary>Kinds of <see cref="StopMessage"/>. Values are those of the wire.</summary>
public enum StopMessageType
{
    /// <summary>The relay brings a circuit.</summary>
    Connect = 0,

    /// <summary>The called peer answers.</summary>
    Status = 1,
}
