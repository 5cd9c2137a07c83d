namespace Skein.P2P.Kademlia;

/// <summary>What became of an offer to the table.</summary>
public enum RoutingTableOutcome
{
    /// <summary>The peer is new in the table.</summary>
    Added,

    /// <summary>It was there; it now counts as just seen.</summary>
    Refreshed,

    /// <summary>Its bucket is full of peers seen lately: those stay. (Never evicting the living is what makes a table hard to eclipse.)</summary>
    BucketFull,

    /// <summary>Its bucket is full, but one peer was not seen for long: ping that one, and offer again when it does not answer.</summary>
    AskFirst,

    /// <summary>Its neighbourhood has its share already.</summary>
    GroupFull,

    /// <summary>It is us.</summary>
    Self,
}
