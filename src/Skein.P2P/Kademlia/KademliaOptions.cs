namespace Skein.P2P.Kademlia;

/// <summary>How a DHT node behaves. Immutable.</summary>
public sealed record KademliaOptions
{
    /// <summary>Skein's own network; never IPFS's.</summary>
    public const string DefaultProtocol = "/skein/kad/1.0.0";

    /// <summary>Protocol id.</summary>
    public string Protocol { get; init; } = DefaultProtocol;

    /// <summary>What the node starts as.</summary>
    public KademliaMode Mode { get; init; } = KademliaMode.Client;

    /// <summary>Rules of records by namespace, without slashes; records of other namespaces are refused.</summary>
    public IReadOnlyDictionary<string, IRecordValidator> Validators { get; init; }
        = new Dictionary<string, IRecordValidator>(StringComparer.Ordinal) { [PublicKeyValidator.Namespace] = new PublicKeyValidator() };

    /// <summary>How lookups walk.</summary>
    public LookupOptions Lookup { get; init; } = new();

    /// <summary>Sizes of the table.</summary>
    public RoutingTableOptions Table { get; init; } = new();

    /// <summary>Sizes and times of what is stored for others.</summary>
    public KadStoreOptions Store { get; init; } = new();

    /// <summary>How often buckets are looked through.</summary>
    public TimeSpan RefreshInterval { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Streams that are served at once, of all connections together: each may hold one request of 128 KiB.</summary>
    public int MaxStreams { get; init; } = 256;

    /// <summary>Of those, streams of one neighbourhood of addresses (of one peer, where there are none): one host must not take them all, however many peers it makes up.</summary>
    public int MaxStreamsPerNeighbourhood { get; init; } = 32;

    /// <summary>Requests that one peer may make within <see cref="RequestWindow"/>: a refresh of a full table makes some 300.</summary>
    public int MaxRequestsPerWindow { get; init; } = 500;

    /// <summary>Over which requests are counted.</summary>
    public TimeSpan RequestWindow { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often keys that this node provides are announced again: a third of the time after which they are forgotten.</summary>
    public TimeSpan RepublishInterval { get; init; } = TimeSpan.FromMinutes(10);
}
