namespace Skein.P2P.PortMapping;

/// <summary>Why a router gave no port.</summary>
public enum PortMappingFailure
{
    /// <summary>It did.</summary>
    None = 0,

    /// <summary>Nobody answered: the router does not speak this protocol, or has it switched off.</summary>
    NoAnswer = 1,

    /// <summary>The router speaks the protocol and refuses: usually switched off in its settings.</summary>
    NotAllowed = 2,

    /// <summary>The router has no port left or somebody else has the one asked for.</summary>
    Conflict = 3,

    /// <summary>The router cannot do this (another version, no such operation).</summary>
    NotSupported = 4,

    /// <summary>The router failed, or its own uplink is down.</summary>
    RouterFailed = 5,

    /// <summary>What came back is not what the protocol allows.</summary>
    BadAnswer = 6,
}
