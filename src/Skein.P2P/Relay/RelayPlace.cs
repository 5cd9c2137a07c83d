using Skein.P2P.Addressing;
using Skein.P2P.Identity;

namespace Skein.P2P.Relay;

/// <summary>Where this host stands with a relay. Immutable.</summary>
/// <param name="Relay">Which relay.</param>
/// <param name="Reservation">The place; null while there is none.</param>
/// <param name="Limit">What circuits through it may carry; null for no bound, or without a place.</param>
/// <param name="Addresses">Where this host is reached through it; none without a place.</param>
/// <param name="Fault">Why there is no place, in words; null before the first answer, and with a place.</param>
public sealed record RelayPlace(PeerId Relay, RelayReservation? Reservation, RelayLimit? Limit, IReadOnlyList<Multiaddr> Addresses, string? Fault);
