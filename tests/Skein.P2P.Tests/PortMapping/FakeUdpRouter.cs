using System.Net;
using System.Net.Sockets;

namespace Skein.P2P.Tests.PortMapping;

/// <summary>A router's UDP port on loopback that answers as a test says.</summary>
internal sealed class FakeUdpRouter : IAsyncDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _loop;

    /// <param name="answer">Gets each request; null stays silent.</param>
    public FakeUdpRouter(Func<byte[], byte[]?> answer)
    {
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _loop = RunAsync(answer);
    }

    public IPEndPoint EndPoint => (IPEndPoint)_socket.LocalEndPoint!;

    public List<byte[]> Requests { get; } = [];

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _loop;
        _socket.Dispose();
    }

    private async Task RunAsync(Func<byte[], byte[]?> answer)
    {
        var buffer = new byte[2048];
        try
        {
            while (true)
            {
                var received = await _socket.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), _stopping.Token);
                var request = buffer[..received.ReceivedBytes];
                lock (Requests)
                {
                    Requests.Add(request);
                }

                if (answer(request) is { } reply)
                {
                    await _socket.SendToAsync(reply, SocketFlags.None, received.RemoteEndPoint, _stopping.Token);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
    }
}
