using Skein.P2P.Identity;

namespace Skein.Interop.Tests;

/// <summary>Five DHT servers of js-libp2p in one process.</summary>
public sealed class JsSwarm : JsPeer
{
    public IReadOnlyList<PeerId> Nodes => [.. Ready["nodes"]!.AsArray().Select(id => PeerId.Parse((string)id!))];

    protected override string Script => "swarm.mjs";
}
