namespace Skein.P2P.Kademlia;

/// <summary>Sizes of a routing table.</summary>
public sealed record RoutingTableOptions
{
    /// <summary>Peers of one bucket: Kademlia's k.</summary>
    public int BucketSize { get; init; } = 20;

    /// <summary>Peers of one neighbourhood in the whole table: go-libp2p's diversity filter.</summary>
    public int MaxPerGroup { get; init; } = 3;

    /// <summary>Peers of one neighbourhood in one bucket.</summary>
    public int MaxPerGroupAndBucket { get; init; } = 2;

    /// <summary>A peer unheard of for so long is asked before it keeps a newcomer out.</summary>
    public TimeSpan StaleAfter { get; init; } = TimeSpan.FromMinutes(10);
}
