namespace Skein.P2P.Reachability;

/// <summary>Whether strangers reach this node. Values are stable.</summary>
public enum ReachabilityState
{
    /// <summary>Not known: nobody was asked yet, or nobody could say.</summary>
    Unknown = 0,

    /// <summary>Others have dialled it, and got through.</summary>
    Reachable = 1,

    /// <summary>Others have tried, and did not get through.</summary>
    Unreachable = 2,
}
