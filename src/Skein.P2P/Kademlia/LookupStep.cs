using Skein.P2P.Identity;

namespace Skein.P2P.Kademlia;

/// <summary>What to do next in a lookup.</summary>
/// <param name="Kind">What.</param>
/// <param name="Peer">Whom to ask, for <see cref="LookupStepKind.Ask"/>.</param>
/// <param name="Until">When to look again at the latest, for <see cref="LookupStepKind.Wait"/>.</param>
public readonly record struct LookupStep(LookupStepKind Kind, PeerId? Peer = null, DateTimeOffset Until = default);
