using System.Net;
using System.Net.Sockets;

namespace Skein.P2P.PortMapping;

/// <summary>Asks a router by UDP and waits for its answer, sending again with doubling pauses.</summary>
internal static class RouterDatagrams
{
    // RFC 6886 section 3.1 begins with 250 ms and doubles nine times (128 s in all). A router on the same wire answers in milliseconds:
    // four tries, under four seconds, tell as much and keep a start short.
    private const int Tries = 4;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);

    /// <summary>Reads a datagram; false lets the wait go on.</summary>
    internal delegate bool Reader<TAnswer>(ReadOnlySpan<byte> datagram, out TAnswer answer);

    /// <summary>Sends a request until an answer that <paramref name="reader"/> accepts comes.</summary>
    /// <returns>The answer, or null when none came.</returns>
    public static async ValueTask<TAnswer?> AskAsync<TAnswer>(IPEndPoint router, ReadOnlyMemory<byte> request, Reader<TAnswer> reader, TimeProvider time, CancellationToken cancellationToken)
        where TAnswer : class
    {
        using var socket = new Socket(router.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        // Connected: the kernel drops datagrams from anybody but the router.
        await socket.ConnectAsync(router, cancellationToken);
        var buffer = new byte[1500];
        var pause = FirstPause;
        for (var attempt = 0; attempt < Tries; attempt++, pause *= 2)
        {
            using var timer = new CancellationTokenSource(pause, time);
            using var waiting = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
            try
            {
                await socket.SendAsync(request, SocketFlags.None, waiting.Token);
                while (true)
                {
                    var count = await socket.ReceiveAsync(buffer, SocketFlags.None, waiting.Token);
                    if (reader(buffer.AsSpan(0, count), out var answer))
                    {
                        return answer;
                    }
                }
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // No answer in this pause: send again.
            }
            catch (SocketException)
            {
                // Port unreachable: the router is there and does not speak this.
                return null;
            }
        }

        return null;
    }
}
