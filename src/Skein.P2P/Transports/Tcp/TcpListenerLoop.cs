using System.Net;
using System.Net.Sockets;
using Skein.P2P.Addressing;
using Skein.P2P.Transports.WebSockets;

namespace Skein.P2P.Transports.Tcp;

/// <summary>Accepts connections on one port and hands each to who speaks its protocol.</summary>
internal sealed class TcpListenerLoop : ITransportListener
{
    // After a failed accept (too many open files): time for something to be closed.
    private static readonly TimeSpan AfterFault = TimeSpan.FromMilliseconds(100);

    private readonly Socket _socket;
    private readonly TcpTransportOptions _options;
    private readonly TimeProvider _time;
    private readonly Action<RawConnection> _onConnection;
    private readonly Action<Socket> _tune;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _loop;
    private int _undecided;

    public TcpListenerLoop(Socket socket, IReadOnlyList<Multiaddr> addresses, TcpTransportOptions options, TimeProvider time, Action<RawConnection> onConnection, Action<Socket> tune)
    {
        _socket = socket;
        Addresses = addresses;
        _options = options;
        _time = time;
        _onConnection = onConnection;
        _tune = tune;
        _loop = AcceptAsync();
    }

    public IReadOnlyList<Multiaddr> Addresses { get; }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _socket.Dispose();
        await _loop;
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                var accepted = await _socket.AcceptAsync(_stopping.Token);
                if (Volatile.Read(ref _undecided) >= _options.MaxUndecided)
                {
                    accepted.Dispose();
                    continue;
                }

                Interlocked.Increment(ref _undecided);
                _ = DecideAsync(accepted);
            }
            catch (Exception fault) when (fault is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                try
                {
                    await Task.Delay(AfterFault, _time, _stopping.Token);
                }
                catch (OperationCanceledException)
                {
                    return;
                }
            }
        }
    }

    private async Task DecideAsync(Socket socket)
    {
        Stream? stream = null;
        var handedOver = false;
        try
        {
            _tune(socket);
            var remote = (IPEndPoint)socket.RemoteEndPoint!;
            stream = new NetworkStream(socket, ownsSocket: true);
            using var timeout = new CancellationTokenSource(_options.FirstBytesTimeout, _time);
            using var bound = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _stopping.Token);
            var first = new byte[ConnectionSniffer.Length];
            await stream.ReadExactlyAsync(first, bound.Token);
            Stream whole = new PrefixedStream(stream, first);
            switch (ConnectionSniffer.Classify(first))
            {
                case FirstBytes.Multistream:
                    handedOver = true;
                    _onConnection(new RawConnection(whole, Multiaddr.FromTcp(remote), remote.Address));
                    break;
                case FirstBytes.Http when _options.HttpHandler is { } http:
                    handedOver = true;
                    await http(whole, remote);
                    break;
                case FirstBytes.Http:
                    if (await WebSocketUpgrade.AcceptAsync(whole, _time, bound.Token) is { } upgraded)
                    {
                        handedOver = true;
                        _onConnection(new RawConnection(upgraded, Multiaddr.FromTcp(remote).Then(new MultiaddrPart(MultiaddrCode.Ws, default)), remote.Address));
                    }

                    break;
                case FirstBytes.Tls when _options.TlsHandler is { } tls:
                    handedOver = true;
                    await tls(whole, remote);
                    break;
            }
        }
        catch (Exception fault) when (fault is IOException or OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // A stranger that said nothing, or left: closed below.
        }
        finally
        {
            Interlocked.Decrement(ref _undecided);
            if (!handedOver)
            {
                if (stream is null)
                {
                    socket.Dispose();
                }
                else
                {
                    await stream.DisposeAsync();
                }
            }
        }
    }
}
