namespace Skein.P2P.HolePunching;

/// <summary>A search for a direct way ended.</summary>
/// <param name="outcome">How.</param>
public sealed class HolePunchEventArgs(HolePunchOutcome outcome) : EventArgs
{
    /// <summary>How.</summary>
    public HolePunchOutcome Outcome { get; } = outcome;
}
