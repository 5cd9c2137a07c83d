namespace Skein.P2P.Reachability;

/// <summary>What a router in between makes of our address, as others see it. Values are stable.</summary>
public enum NatMapping
{
    /// <summary>Too few have told, or nothing is listened on.</summary>
    Unknown = 0,

    /// <summary>Nobody is in between: others see an address that is our own.</summary>
    None = 1,

    /// <summary>Everybody sees the same address and port: a hole can be punched.</summary>
    EndpointIndependent = 2,

    /// <summary>Each sees another port ("symmetric"): no hole can be punched.</summary>
    EndpointDependent = 3,
}
