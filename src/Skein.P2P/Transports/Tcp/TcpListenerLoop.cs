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
    private readonly Func<Socket, bool> _claims;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _loop;
    private readonly Lock _gate = new();
    private readonly LinkedList<Socket> _undecided = new();

    public TcpListenerLoop(Socket socket, IReadOnlyList<Multiaddr> addresses, TcpTransportOptions options, TimeProvider time, Action<RawConnection> onConnection, Action<Socket> tune, Func<Socket, bool> claims)
    {
        _socket = socket;
        Addresses = addresses;
        _options = options;
        _time = time;
        _onConnection = onConnection;
        _tune = tune;
        _claims = claims;
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
                _ = DecideAsync(accepted, TakePlace(accepted));
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

    // A newcomer replaces whoever has been silent for longest: silent connections cannot keep others out.
    private LinkedListNode<Socket> TakePlace(Socket socket)
    {
        lock (_gate)
        {
            if (_undecided.Count >= _options.MaxUndecided)
            {
                _undecided.First!.Value.Dispose();
                _undecided.RemoveFirst();
            }

            return _undecided.AddLast(socket);
        }
    }

    private void GiveBackPlace(LinkedListNode<Socket> place)
    {
        lock (_gate)
        {
            if (place.List is not null)
            {
                _undecided.Remove(place);
            }
        }
    }

    private async Task DecideAsync(Socket socket, LinkedListNode<Socket> place)
    {
        Stream? stream = null;
        var handedOver = false;
        try
        {
            _tune(socket);
            if (_claims(socket))
            {
                handedOver = true;
                return;
            }

            var remote = (IPEndPoint)socket.RemoteEndPoint!;
            var local = (IPEndPoint)socket.LocalEndPoint!;
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
                    GiveBackPlace(place);
                    await http(new ForeignConnection(whole, local, remote, _onConnection));
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
                    GiveBackPlace(place);
                    await tls(new ForeignConnection(whole, local, remote, _onConnection));
                    break;
            }
        }
        catch (Exception fault) when (fault is IOException or OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // A stranger that said nothing, or left: closed below.
        }
        finally
        {
            GiveBackPlace(place);
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
