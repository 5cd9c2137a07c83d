namespace Skein.P2P.Kademlia;

/// <summary>What a node keeps for others. Immutable.</summary>
public sealed record KadStoreOptions
{
    /// <summary>Values kept; beyond, those farthest from this node make room for nearer ones.</summary>
    public int MaxRecords { get; init; } = 4096;

    /// <summary>Bytes of all values and their keys: 256 values of the largest size, or all of usual size.</summary>
    public long MaxRecordBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Age at which a value is forgotten, as in go and js.</summary>
    public TimeSpan RecordAge { get; init; } = TimeSpan.FromHours(48);

    /// <summary>Keys with providers.</summary>
    public int MaxProviderKeys { get; init; } = 4096;

    /// <summary>Providers of one key: enough for any chain; an answer names some of them, others each time.</summary>
    public int MaxProvidersPerKey { get; init; } = 256;

    /// <summary>Providers of one key from one neighbourhood of addresses (/24, /48), so that no single place crowds others out.</summary>
    public int MaxProvidersPerGroupAndKey { get; init; } = 32;

    /// <summary>Provider records in all: with eight addresses of usual length each, some 16 MiB.</summary>
    public int MaxProviders { get; init; } = 16_384;

    /// <summary>Keys of one provider: more models than one machine holds.</summary>
    public int MaxKeysPerProvider { get; init; } = 64;

    /// <summary>Provider records in all from one neighbourhood, whatever peers it makes up: a sixteenth of the keys, so that nobody fills the store alone.</summary>
    public int MaxProvidersPerGroup { get; init; } = 256;

    /// <summary>How long a provider is believed without saying it again.</summary>
    public TimeSpan ProviderAge { get; init; } = TimeSpan.FromMinutes(30);
}
