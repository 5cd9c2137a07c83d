using Skein.P2P.Addressing;

namespace Skein.P2P.AutoNat;

/// <summary>What came of asking a server.</summary>
/// <param name="Address">The address that was dialled; null if none was.</param>
/// <param name="IsReachable">True: the server proved that it got through. False: it tried and did not. Null: it cannot say.</param>
/// <param name="Detail">For people.</param>
public sealed record AutoNatOutcome(Multiaddr? Address, bool? IsReachable, string Detail);
