namespace Skein.P2P.Relay;

/// <summary>Kinds of <see cref="HopMessage"/>. Values are those of the wire.</summary>
public enum HopMessageType
{
    /// <summary>A peer asks to be reachable through the relay.</summary>
    Reserve = 0,

    /// <summary>A peer asks for a circuit to another.</summary>
    Connect = 1,

    /// <summary>The relay answers.</summary>
    Status = 2,
}
