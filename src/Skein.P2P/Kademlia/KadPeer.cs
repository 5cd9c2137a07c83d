using Skein.P2P.Addressing;
using Skein.P2P.Identity;

namespace Skein.P2P.Kademlia;

/// <summary>A peer that somebody told us of. Addresses are a hint for dialling, never a fact.</summary>
/// <param name="Id">Who.</param>
/// <param name="Addresses">Where it might be.</param>
public sealed record KadPeer(PeerId Id, IReadOnlyList<Multiaddr> Addresses);
