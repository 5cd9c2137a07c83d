using System.Net;
using System.Net.Sockets;

namespace Skein.Lab.Agent;

/// <summary>Sockets as the agents need them.</summary>
internal static class AgentSockets
{
    /// <summary>A TCP socket on a port that other sockets of this host may share, as a node's calls share the port that it listens on.</summary>
    public static Socket Bound(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        socket.Bind(new IPEndPoint(IPAddress.Any, port));
        return socket;
    }

    /// <summary>Sends all of it: a socket may take less than it is given.</summary>
    public static async Task SendAllAsync(Socket socket, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[await socket.SendAsync(bytes, cancellationToken)..];
        }
    }

    /// <summary>Receives exactly so many bytes.</summary>
    /// <exception cref="EndOfStreamException">The other side closed before.</exception>
    public static async Task ReceiveAllAsync(Socket socket, Memory<byte> bytes, CancellationToken cancellationToken)
    {
        while (bytes.Length > 0)
        {
            var count = await socket.ReceiveAsync(bytes, cancellationToken);
            if (count == 0)
            {
                throw new EndOfStreamException($"{socket.RemoteEndPoint} closed the connection with {bytes.Length} bytes missing.");
            }

            bytes = bytes[count..];
        }
    }

    /// <summary>Receives to the end, at most so many bytes.</summary>
    public static async Task<byte[]> ReceiveToEndAsync(Socket socket, int most, CancellationToken cancellationToken)
    {
        var bytes = new byte[most];
        var filled = 0;
        int count;
        while (filled < most && (count = await socket.ReceiveAsync(bytes.AsMemory(filled), cancellationToken)) > 0)
        {
            filled += count;
        }

        return bytes[..filled];
    }
}
