using Skein.P2P.Identity;

namespace Skein.P2P.Kademlia;

/// <summary>What became of an offer to the table.</summary>
/// <param name="Outcome">What.</param>
/// <param name="Challenge">The peer to ping, when <see cref="RoutingTableOutcome.AskFirst"/>.</param>
public readonly record struct RoutingTableAnswer(RoutingTableOutcome Outcome, PeerId? Challenge = null);
