namespace Skein.P2P.HolePunching;

/// <summary>How the search for a direct way ended. Values are stable: programs and metrics hold them.</summary>
public enum HolePunchResult
{
    /// <summary>The peer has an address that could simply be called.</summary>
    Reversed = 1,

    /// <summary>Both called each other at once.</summary>
    Punched = 2,

    /// <summary>The connection stays on the relay.</summary>
    StayedOnRelay = 3,
}
