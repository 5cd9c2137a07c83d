using Skein.Core.Identity;
using Skein.Core.Stages;
using Skein.Swarm.Transport;

namespace Skein.Swarm.Coordination;

/// <summary>One stage of a chain: who, and what it hosts.</summary>
/// <param name="Peer">The node.</param>
/// <param name="Info">The span and its limits, as the node says.</param>
public sealed record ChainStage(PeerAddress Peer, StageInfo Info)
{
    /// <summary>Blocks that the stage runs.</summary>
    public BlockSpan Span => Info.Span;

    /// <summary>For people: <c>192.0.2.1:4501 (blocks 0..9)</c>.</summary>
    public override string ToString() => $"{Peer} (blocks {Span})";
}
