using Skein.Swarm.Transport;

namespace Skein.Swarm.Coordination;

/// <summary>Names the peers that may host stages of a model. Thread-safe.</summary>
/// <remarks>What each really hosts, it says itself when asked; a source only says whom to ask.</remarks>
public interface IChainSource
{
    /// <summary>The peers known now, at most 64. The coordinator looks again several times a second, so the answer may change and must come at once.</summary>
    IReadOnlyList<PeerAddress> Peers { get; }
}
