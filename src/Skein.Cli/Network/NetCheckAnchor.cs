namespace Skein.Cli.Network;

/// <summary>One anchor that was asked.</summary>
/// <param name="Address">Its address.</param>
/// <param name="RttMs">Round trip; null if it did not answer.</param>
/// <param name="Fault">Why it did not.</param>
internal sealed record NetCheckAnchor(string Address, double? RttMs, string? Fault);
