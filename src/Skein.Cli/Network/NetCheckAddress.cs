namespace Skein.Cli.Network;

/// <summary>One address that others might use.</summary>
/// <param name="Address">The address.</param>
/// <param name="State"><c>reachable</c>, <c>unreachable</c> or <c>unknown</c>.</param>
/// <param name="Source">Where it comes from.</param>
internal sealed record NetCheckAddress(string Address, string State, string Source);
