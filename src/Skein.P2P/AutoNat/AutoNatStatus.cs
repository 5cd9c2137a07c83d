namespace Skein.P2P.AutoNat;

/// <summary>Whether a server served a request of version 2. Values are of the specification.</summary>
public enum AutoNatStatus
{
    /// <summary>Something went wrong in the server.</summary>
    InternalError = 0,

    /// <summary>Over a limit: ask somebody else, or later.</summary>
    RequestRejected = 100,

    /// <summary>None of the addresses is one that the server dials.</summary>
    DialRefused = 101,

    /// <summary>The server has dialled; what came of it is a <see cref="DialStatus"/>.</summary>
    Ok = 200,
}
