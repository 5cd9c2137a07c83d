namespace Skein.P2P.AutoNat;

/// <summary>What came of dialling an address. Values are of the specification.</summary>
public enum DialStatus
{
    /// <summary>Nothing was dialled.</summary>
    Unused = 0,

    /// <summary>Nobody answered there: not reachable.</summary>
    DialError = 100,

    /// <summary>Somebody answered, but did not take the nonce.</summary>
    DialBackError = 101,

    /// <summary>The nonce was delivered: reachable.</summary>
    Ok = 200,
}
