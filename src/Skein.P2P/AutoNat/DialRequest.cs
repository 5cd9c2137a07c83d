using Skein.P2P.Addressing;

namespace Skein.P2P.AutoNat;

/// <summary>Asks to be dialled.</summary>
/// <param name="Addresses">In order of importance; null where there is one that is not understood, so that the places of the others stay.</param>
/// <param name="Nonce">Comes back over the new connection.</param>
public sealed record DialRequest(IReadOnlyList<Multiaddr?> Addresses, ulong Nonce);
