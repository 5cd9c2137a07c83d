using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;

namespace Skein.P2P.Transports.WebSockets;

/// <summary>The server's half of the opening handshake (RFC 6455, section 4.2), for nodes without an HTTP server.</summary>
public static class WebSocketUpgrade
{
    /// <summary>Longest request that is read; browsers send under 1 KiB here.</summary>
    public const int MaxRequest = 8 * 1024;

    private const string KeySuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    // Pings keep proxies from closing a quiet connection.
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(30);

    /// <summary>Reads a request and upgrades it; anything but a WebSocket request is answered with an error.</summary>
    /// <param name="stream">Starts with the request.</param>
    /// <param name="time">Clock.</param>
    /// <param name="cancellationToken">Not safe midway.</param>
    /// <returns>The upgraded stream; null if it was refused: the caller closes.</returns>
    public static async Task<Stream?> AcceptAsync(Stream stream, TimeProvider time, CancellationToken cancellationToken)
    {
        var request = new byte[MaxRequest];
        var length = 0;
        while (length < request.Length)
        {
            // A client waits for the answer, so nothing follows the request.
            var count = await stream.ReadAsync(request.AsMemory(length), cancellationToken);
            if (count == 0)
            {
                return null;
            }

            length += count;
            if (request.AsSpan(0, length).EndsWith("\r\n\r\n"u8))
            {
                break;
            }
        }

        if (!TryReadKey(request.AsSpan(0, length), out var key))
        {
            await stream.WriteAsync("HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), cancellationToken);
            return null;
        }

#pragma warning disable CA5350 // SHA-1 is what RFC 6455 asks for; nothing rests on it.
        var accept = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + KeySuffix)));
#pragma warning restore CA5350
        var answer = $"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(answer), cancellationToken);
        return new WebSocketStream(WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { IsServer = true, KeepAliveInterval = KeepAlive }));
    }

    /// <summary>Finds the key of a WebSocket request.</summary>
    /// <param name="request">The whole head, to the empty line.</param>
    /// <param name="key">The key, as it was sent.</param>
    /// <returns>False if the request asks for anything else.</returns>
    public static bool TryReadKey(ReadOnlySpan<byte> request, out string key)
    {
        key = string.Empty;
        if (!request.StartsWith("GET "u8) || !request.EndsWith("\r\n\r\n"u8) || request.Length > MaxRequest)
        {
            return false;
        }

        var upgrade = false;
        var version = false;
        foreach (var line in Encoding.Latin1.GetString(request).Split("\r\n").Skip(1))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0)
            {
                continue;
            }

            var value = line[(colon + 1)..].Trim();
            switch (line[..colon].ToLowerInvariant())
            {
                case "upgrade":
                    upgrade = value.Equals("websocket", StringComparison.OrdinalIgnoreCase);
                    break;
                case "sec-websocket-version":
                    version = value == "13";
                    break;
                case "sec-websocket-key":
                    key = value;
                    break;
            }
        }

        // 16 bytes in base64.
        Span<byte> nonce = stackalloc byte[18];
        return upgrade && version && key.Length == 24 && Convert.TryFromBase64String(key, nonce, out var count) && count == 16;
    }
}
