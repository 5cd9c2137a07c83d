namespace Skein.P2P.Kademlia;

/// <summary>What a node keeps for others. Immutable.</summary>
public sealed record KadStoreOptions
{
    /// <summary>Values kept: of at most 64 KiB each, so 256 MiB at the very worst and a few MiB in practice.</summary>
    public int MaxRecords { get; init; } = 4096;

    /// <summary>Age at which a value is forgotten, as in go and js.</summary>
    public TimeSpan RecordAge { get; init; } = TimeSpan.FromHours(48);

    /// <summary>Keys with providers.</summary>
    public int MaxProviderKeys { get; init; } = 4096;

    /// <summary>Providers of one key: an answer names no more than <see cref="KadLimits.MaxPeers"/> of them anyway.</summary>
    public int MaxProvidersPerKey { get; init; } = 128;

    /// <summary>Keys of one provider, so that nobody fills the store alone.</summary>
    public int MaxKeysPerProvider { get; init; } = 64;

    /// <summary>How long a provider is believed without saying it again.</summary>
    public TimeSpan ProviderAge { get; init; } = TimeSpan.FromMinutes(30);
}
