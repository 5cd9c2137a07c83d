using Skein.P2P.Transports.WebSockets;

namespace Skein.Fuzz.Targets;

/// <summary>The head of a WebSocket request.</summary>
[Fuzzes(typeof(WebSocketUpgrade))]
public sealed class WebSocketUpgradeTarget : IFuzzTarget
{
    public string Name => "websocket-upgrade";

    public void Run(ReadOnlySpan<byte> data)
    {
        if (WebSocketUpgrade.TryReadKey(data, out var key))
        {
            FuzzCheck.Holds(Convert.FromBase64String(key).Length == 16, "a key has 16 bytes");
        }
    }
}
