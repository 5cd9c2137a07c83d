using Skein.Swarm.Transport;

namespace Skein.Swarm.Coordination;

/// <summary>A list of peers written down by a person.</summary>
public sealed class StaticChainSource : IChainSource
{
    /// <summary>Takes the list.</summary>
    /// <exception cref="ArgumentException">No peer, or the same one twice.</exception>
    public StaticChainSource(IReadOnlyList<PeerAddress> peers)
    {
        if (peers.Count == 0)
        {
            throw new ArgumentException("At least one node is needed.", nameof(peers));
        }

        if (peers.Distinct().Count() != peers.Count)
        {
            throw new ArgumentException("A node is listed twice.", nameof(peers));
        }

        Peers = peers;
    }

    /// <inheritdoc/>
    public IReadOnlyList<PeerAddress> Peers { get; }
}
