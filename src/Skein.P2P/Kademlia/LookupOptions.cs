namespace Skein.P2P.Kademlia;

/// <summary>How a lookup walks.</summary>
public sealed record LookupOptions
{
    /// <summary>How many nearest peers are sought: Kademlia's k.</summary>
    public int Results { get; init; } = 20;

    /// <summary>Peers asked at once: Kademlia's alpha.</summary>
    public int Parallelism { get; init; } = 10;

    /// <summary>A peer that has not answered after this is passed over; its late answer still counts.</summary>
    public TimeSpan PeerTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Peers that one lookup asks at the most: hostile peers could name nearer ones for ever.</summary>
    public int MaxQueries { get; init; } = 256;

    /// <summary>Peers that one answer may add: k, so that one peer cannot fill the whole list.</summary>
    public int MaxPeersPerAnswer { get; init; } = 20;
}
