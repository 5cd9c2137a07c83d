namespace Skein.P2P.Relay;

/// <summary>How a relay serves a peer.</summary>
public enum RelayClass
{
    /// <summary>Not at all.</summary>
    Refused = 0,

    /// <summary>Enough for two peers to agree on a direct connection, useless for anything else: for anybody.</summary>
    Signal = 1,

    /// <summary>Enough for activations: for peers that take part in the swarm.</summary>
    Swarm = 2,
}
