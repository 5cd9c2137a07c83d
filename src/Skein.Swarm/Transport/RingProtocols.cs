namespace Skein.Swarm.Transport;

/// <summary>Protocol ids of the ring's streams.</summary>
public static class RingProtocols
{
    /// <summary>Opens and closes sessions.</summary>
    public const string Session = "/skein/session/1.0.0";

    /// <summary>Decode frames.</summary>
    public const string Activations = "/skein/act/1.0.0";

    /// <summary>Prefill frames.</summary>
    public const string Bulk = "/skein/bulk/1.0.0";
}
