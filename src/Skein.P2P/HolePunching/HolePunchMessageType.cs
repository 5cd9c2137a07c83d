namespace Skein.P2P.HolePunching;

/// <summary>Kinds of <see cref="HolePunchMessage"/>. Values are those of the wire.</summary>
public enum HolePunchMessageType
{
    /// <summary>Where the sender is seen from outside.</summary>
    Connect = 100,

    /// <summary>Dial now.</summary>
    Sync = 300,
}
