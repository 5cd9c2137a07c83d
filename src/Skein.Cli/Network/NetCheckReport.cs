namespace Skein.Cli.Network;

/// <summary>What <c>skein net check</c> found. The names are those of its JSON.</summary>
/// <param name="Peer">Who was checked.</param>
/// <param name="Reachable"><c>yes</c>, <c>no</c> or <c>unknown</c>.</param>
/// <param name="PublicAddress">The IP address that others see; null if nobody told.</param>
/// <param name="Listening">Where it listened.</param>
/// <param name="Addresses">Each address that others might use.</param>
/// <param name="Nat"><c>none</c>, <c>endpoint-independent</c>, <c>endpoint-dependent</c> or <c>unknown</c>.</param>
/// <param name="NatInWords">The same for people.</param>
/// <param name="PortMapping">What came of asking the home router for a port, for people.</param>
/// <param name="Anchors">Each anchor that was asked.</param>
/// <param name="RelayedBy">Addresses through relays by which others reach it.</param>
/// <param name="NextSteps">What to do, most useful first.</param>
internal sealed record NetCheckReport(
    string Peer, string Reachable, string? PublicAddress, IReadOnlyList<string> Listening, IReadOnlyList<NetCheckAddress> Addresses, string Nat, string NatInWords,
    string PortMapping, IReadOnlyList<NetCheckAnchor> Anchors, IReadOnlyList<string> RelayedBy, IReadOnlyList<string> NextSteps);
