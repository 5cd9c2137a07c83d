namespace Skein.P2P.AutoNat;

/// <summary>What came of a request of version 1. Values are of the specification.</summary>
public enum AutoNatV1Status
{
    /// <summary>One of the addresses answered.</summary>
    Ok = 0,

    /// <summary>None answered.</summary>
    DialError = 100,

    /// <summary>None was dialled: not the asker's own address, private, or over a limit.</summary>
    DialRefused = 101,

    /// <summary>The request makes no sense.</summary>
    BadRequest = 200,

    /// <summary>Something went wrong in the server.</summary>
    InternalError = 300,
}
