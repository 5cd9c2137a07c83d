using Skein.P2P.Identity;

namespace Skein.Interop.Tests;

/// <summary>Five DHT servers and a client of js-libp2p in one process; a command takes the client for one more node.</summary>
public sealed class JsSwarm : JsPeer
{
    public IReadOnlyList<PeerId> Nodes => [.. Ready["nodes"]!.AsArray().Select(id => PeerId.Parse((string)id!))];

    public PeerId Client => PeerId.Parse((string)Ready["client"]!);

    protected override string Script => "swarm.mjs";
}
