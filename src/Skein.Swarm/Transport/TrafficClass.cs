namespace Skein.Swarm.Transport;

/// <summary>What a stream carries; a transport gives the lower number the right of way. Values travel on the wire: never renumber.</summary>
public enum TrafficClass : byte
{
    /// <summary>Sessions: small and rare.</summary>
    Control = 0,

    /// <summary>Decode frames: somebody waits for each.</summary>
    Decode = 1,

    /// <summary>Prompts: large, nobody waits for a single one.</summary>
    Bulk = 2,
}
