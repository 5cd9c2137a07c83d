namespace Skein.P2P.Yamux;

/// <summary>What a stream carries: the lower number has the right of way, strictly. Known to this side only; it does not travel.</summary>
public enum StreamClass
{
    /// <summary>Small and rare.</summary>
    Control = 0,

    /// <summary>Somebody waits for each message.</summary>
    Decode = 1,

    /// <summary>Much, and nobody waits for a single message.</summary>
    Bulk = 2,
}
