namespace Skein.P2P.Kademlia;

/// <summary>Bounds of what a Kademlia message may carry, checked before anything is allocated.</summary>
public static class KadLimits
{
    /// <summary>Bytes of a message; go and js use 4 MiB.</summary>
    public const int MaxMessage = 4 * 1024 * 1024;

    /// <summary>Bytes of a key: go allows 80 for providers; record keys are a namespace and a digest.</summary>
    public const int MaxKey = 256;

    /// <summary>Bytes of a key that is provided, a multihash; go allows as many.</summary>
    public const int MaxProviderKey = 80;

    /// <summary>Bytes of a value. Skein stores manifests' heads and revocation lists, not data.</summary>
    public const int MaxValue = 64 * 1024;

    /// <summary>Peers of one list; k is 20, js sends up to twice that.</summary>
    public const int MaxPeers = 64;

    /// <summary>Addresses of one peer; more are ignored.</summary>
    public const int MaxAddresses = 32;

    /// <summary>Characters of a time.</summary>
    public const int MaxTime = 64;
}
