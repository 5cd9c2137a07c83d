namespace Skein.P2P.Kademlia;

/// <summary>What a Kademlia message asks. Values are the protocol's.</summary>
public enum KadMessageType
{
    /// <summary>Store a record.</summary>
    PutValue = 0,

    /// <summary>Give a record, or nearer peers.</summary>
    GetValue = 1,

    /// <summary>The sender provides a key; there is no answer.</summary>
    AddProvider = 2,

    /// <summary>Who provides a key, and nearer peers.</summary>
    GetProviders = 3,

    /// <summary>Peers near a key.</summary>
    FindNode = 4,

    /// <summary>Deprecated: the ping protocol serves.</summary>
    Ping = 5,
}
