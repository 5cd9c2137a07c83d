using Skein.P2P.Transports.Tcp;
using Skein.P2P.Transports.WebSockets;

namespace Skein.Fuzz.Targets;

/// <summary>The first bytes of a connection, and the head of a WebSocket request.</summary>
[Fuzzes(typeof(ConnectionSniffer))]
[Fuzzes(typeof(WebSocketUpgrade))]
public sealed class WebSocketUpgradeTarget : IFuzzTarget
{
    public string Name => "websocket-upgrade";

    public void Run(ReadOnlySpan<byte> data)
    {
        var first = ConnectionSniffer.Classify(data);
        FuzzCheck.Holds(data.Length >= ConnectionSniffer.Length || first == FirstBytes.Unknown, "less than three bytes say nothing");
        if (WebSocketUpgrade.TryReadKey(data, out var key))
        {
            FuzzCheck.Holds(Convert.FromBase64String(key).Length == 16, "a key has 16 bytes");
        }
    }
}
