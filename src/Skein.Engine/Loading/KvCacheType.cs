namespace Skein.Engine.Loading;

/// <summary>How keys and values are kept.</summary>
public enum KvCacheType
{
    /// <summary>Two bytes a value. Results depend on how rows are batched (ADR 2).</summary>
    F16 = 0,

    /// <summary>About one byte a value, in groups of 32; needs a head size that is a multiple of 32.</summary>
    Q80 = 1,
}
