namespace Skein.Lab.Hosts;

/// <summary>What stands between a host and the internet (terms of RFC 4787 and RFC 5382).</summary>
public enum NatKind
{
    /// <summary>Nothing: the host has a public address.</summary>
    None = 0,

    /// <summary>Endpoint-independent mapping and filtering ("full cone"): the port is kept, and once the host has sent from it, anybody may connect to it.</summary>
    EndpointIndependent = 1,

    /// <summary>Endpoint-independent mapping, address-and-port-dependent filtering ("port-restricted"): the port is kept; only those that the host has sent to may answer, everybody else is dropped in silence.</summary>
    PortRestricted = 2,

    /// <summary>A new random port for every connection ("symmetric"), and the filtering of <see cref="PortRestricted"/>: nobody can know the next port.</summary>
    RandomPort = 3,

    /// <summary>The mapping of <see cref="PortRestricted"/>, but every connection attempt from outside is answered with a reset, even where the host itself is just calling the same address.</summary>
    Resetting = 4,
}
