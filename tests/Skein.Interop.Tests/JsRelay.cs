using Skein.P2P.Addressing;

namespace Skein.Interop.Tests;

/// <summary>js-libp2p in all roles of circuit relay v2: a relay without limits (its own id and addresses), one with js's defaults, a caller, and a called.</summary>
public sealed class JsRelay : JsPeer
{
    /// <summary>The relay with js's default limits.</summary>
    public Multiaddr Strict => Ready["strict"]!.AsArray().Select(address => Multiaddr.Parse((string)address!)).First(address => !address.IsWebSocket);

    protected override string Script => "relay.mjs";
}
