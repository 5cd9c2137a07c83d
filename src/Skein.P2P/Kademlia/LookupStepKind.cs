namespace Skein.P2P.Kademlia;

/// <summary>What to do next in a lookup.</summary>
public enum LookupStepKind
{
    /// <summary>Ask a peer, then call again: there may be more to ask.</summary>
    Ask,

    /// <summary>Wait for an answer, or for the time named.</summary>
    Wait,

    /// <summary>Done.</summary>
    Finished,
}
