namespace Skein.P2P.Yamux;

/// <summary>Bytes that arrived in some time.</summary>
internal readonly record struct Delivery(long Bytes, TimeSpan Time)
{
    /// <summary>Bytes a second.</summary>
    public double Rate => Time > TimeSpan.Zero ? Bytes / Time.TotalSeconds : 0;

    /// <summary>Both together.</summary>
    public static Delivery operator +(Delivery left, Delivery right) => new(left.Bytes + right.Bytes, left.Time + right.Time);
}
