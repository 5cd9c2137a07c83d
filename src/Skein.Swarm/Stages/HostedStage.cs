using Skein.Core.Identity;
using Skein.Core.Stages;

namespace Skein.Swarm.Stages;

/// <summary>A loaded span and the model it belongs to.</summary>
/// <param name="Model">Identity of the model.</param>
/// <param name="Stage">The span; it belongs to the caller.</param>
public sealed record HostedStage(Sha256Digest Model, IStage Stage);
