using Skein.P2P.Addressing;

namespace Skein.P2P.Reachability;

/// <summary>What is known of one address of ours. Immutable.</summary>
/// <param name="Address">Where others might reach us.</param>
/// <param name="State">Whether they do.</param>
/// <param name="Reached">How many independent servers got through.</param>
/// <param name="Failed">How many did not.</param>
/// <param name="Source">Where the address comes from: <c>interface</c>, <c>router</c> (a mapped port), <c>observed</c>, <c>forwarded</c> (a guess: the observed address with our own port) or <c>announced</c>.</param>
public sealed record AddressReachability(Multiaddr Address, ReachabilityState State, int Reached, int Failed, string Source);
