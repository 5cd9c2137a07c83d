using Skein.P2P.Identity;

namespace Skein.P2P.HolePunching;

/// <summary>How the search for a direct way to a peer ended. Immutable.</summary>
/// <param name="Peer">The peer.</param>
/// <param name="Result">How.</param>
/// <param name="Tries">Rounds of both calling at once.</param>
/// <param name="Elapsed">From meeting through the relay.</param>
/// <param name="Reason">For people: why it stayed on the relay; empty otherwise.</param>
public sealed record HolePunchOutcome(PeerId Peer, HolePunchResult Result, int Tries, TimeSpan Elapsed, string Reason);
