using Skein.P2P.Identity;

namespace Skein.P2P.Noise;

/// <summary>A finished handshake.</summary>
/// <param name="Channel">The encrypted channel.</param>
/// <param name="RemoteKey">Whose it is at the other end: proven.</param>
/// <param name="Muxer">The muxer agreed on; null if it is still to be negotiated.</param>
public sealed record NoiseSession(NoiseChannel Channel, PublicKey RemoteKey, string? Muxer);
