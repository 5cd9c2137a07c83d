namespace Skein.P2P.Kademlia;

/// <summary>Whether a node serves the DHT or only asks it.</summary>
public enum KademliaMode
{
    /// <summary>Asks only; neither advertises nor accepts the protocol, so nobody puts it in a table. For whoever cannot be reached from outside.</summary>
    Client,

    /// <summary>Answers others and stores for them.</summary>
    Server,
}
