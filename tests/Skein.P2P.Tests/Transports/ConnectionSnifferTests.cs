using Skein.P2P.Transports.Tcp;
using Skein.P2P.Transports.WebSockets;

namespace Skein.P2P.Tests.Transports;

public sealed class ConnectionSnifferTests
{
    [Theory]
    [InlineData("132f6d", FirstBytes.Multistream)]
    [InlineData("160301", FirstBytes.Tls)]
    [InlineData("160303", FirstBytes.Tls)]
    [InlineData("474554", FirstBytes.Http)]
    [InlineData("504f53", FirstBytes.Http)]
    [InlineData("505249", FirstBytes.Http)]
    [InlineData("160205", FirstBytes.Unknown)]
    [InlineData("132f70", FirstBytes.Unknown)]
    [InlineData("000000", FirstBytes.Unknown)]
    [InlineData("13", FirstBytes.Unknown)]
    public void Classify_FirstBytes_TellsTheProtocol(string hex, FirstBytes expected)
        => Assert.Equal(expected, ConnectionSniffer.Classify(Convert.FromHexString(hex)));

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nupgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", true)]
    [InlineData("POST / HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", false)]
    [InlineData("GET / HTTP/1.1\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", false)]
    [InlineData("GET / HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 8\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", false)]
    [InlineData("GET / HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: c2hvcnQ=\r\n\r\n", false)]
    [InlineData("GET / HTTP/1.1\r\nUpgrade: websocket\r\n", false)]
    public void TryReadKey_Requests_AreTakenOrRefused(string request, bool expected)
        => Assert.Equal(expected, WebSocketUpgrade.TryReadKey(System.Text.Encoding.ASCII.GetBytes(request), out _));
}
