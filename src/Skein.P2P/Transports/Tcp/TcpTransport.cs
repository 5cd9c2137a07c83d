using System.Collections.Concurrent;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Skein.P2P.Addressing;
using Skein.P2P.Errors;

namespace Skein.P2P.Transports.Tcp;

/// <summary>TCP, and on the same port everything else: the first bytes of a connection decide (as go-libp2p's <c>tcpreuse</c> does). Thread-safe.</summary>
public sealed class TcpTransport : ITransport, IPunchTransport
{
    // TCP_NOTSENT_LOWAT by platform.
    private const int LinuxNotSentLowWater = 25;
    private const int MacNotSentLowWater = 0x201;

    private readonly TcpTransportOptions _options;
    private readonly TimeProvider _time;
    // Between two calls of one try that were refused: a router that says no before the other side's call has opened it.
    private static readonly TimeSpan BetweenCalls = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan MostBetweenCalls = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<AddressFamily, int> _listenPorts = new();

    // Calls under way whose counterpart may arrive at the listening port.
    private readonly ConcurrentDictionary<IPEndPoint, TaskCompletionSource<Socket>> _expected = new();

    /// <summary>Creates the transport.</summary>
    public TcpTransport(TcpTransportOptions options, TimeProvider time)
    {
        _options = options;
        _time = time;
    }

    /// <inheritdoc/>
    public bool CanDial(Multiaddr address) => address.IsPlainTcp;

    /// <inheritdoc/>
    public bool CanListen(Multiaddr address) => address.IsPlainTcp && address.TcpEndPoint is not null;

    /// <inheritdoc/>
    public async Task<RawConnection> DialAsync(Multiaddr address, AddressScope scope, CancellationToken cancellationToken)
    {
        return Raw(await ConnectAsync(address, scope, cancellationToken));
    }

    private static RawConnection Raw(Socket socket)
    {
        var remote = (IPEndPoint)socket.RemoteEndPoint!;
        return new RawConnection(new NetworkStream(socket, ownsSocket: true), Multiaddr.FromTcp(remote), remote.Address);
    }

    private static async Task DropAsync(Task<Socket> calling)
    {
        try
        {
            (await calling).Dispose();
        }
        catch (Exception fault) when (fault is SocketException or OperationCanceledException)
        {
            // There is nothing to drop.
        }
    }

    /// <inheritdoc/>
    public Task<ITransportListener> ListenAsync(Multiaddr address, Action<RawConnection> onConnection, CancellationToken cancellationToken)
    {
        if (address.TcpEndPoint is not { } endPoint)
        {
            throw new P2PException(P2PError.DialFailed, $"{address} names no IP address to listen on.");
        }

        var socket = NewListener(endPoint);
        try
        {

            if (!OperatingSystem.IsWindows())
            {
                // So that dials may leave from this port; but it would also let two programs of one user share it, each getting every other connection.
                using (var probe = NewListener(endPoint))
                {
                    probe.Bind(endPoint);
                }

                // On Windows the option would let anybody steal the port.
                socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            }

            socket.Bind(endPoint);
            socket.Listen();
        }
        catch (SocketException fault)
        {
            socket.Dispose();
            throw new P2PException(P2PError.DialFailed, $"Cannot listen on {address}: {fault.SocketErrorCode}. Another program may have the port.", fault);
        }

        var bound = (IPEndPoint)socket.LocalEndPoint!;
        _listenPorts[endPoint.AddressFamily] = bound.Port;
        return Task.FromResult<ITransportListener>(new TcpListenerLoop(socket, SpreadOut(bound), _options, _time, onConnection, Tune, TryClaim));
    }

    /// <inheritdoc/>
    public bool CanPunch(Multiaddr address) => address.IsPlainTcp && address.TcpEndPoint is { } endPoint && _listenPorts.ContainsKey(endPoint.AddressFamily) && !OperatingSystem.IsWindows();

    /// <inheritdoc/>
    public async Task<RawConnection> PunchAsync(Multiaddr address, bool takeInbound, CancellationToken cancellationToken)
    {
        if (!CanPunch(address))
        {
            throw new P2PException(P2PError.DialFailed, $"{address} cannot be called from a listening port: this host listens on none of its kind.");
        }

        var remote = address.TcpEndPoint!;
        var arrival = new TaskCompletionSource<Socket>(TaskCreationOptions.RunContinuationsAsynchronously);
        var expects = takeInbound && _expected.TryAdd(remote, arrival);
        using var calls = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var calling = CallAsync(remote, calls.Token);
        Task<Socket>? won = null;
        try
        {
            won = await Task.WhenAny(calling, arrival.Task);
            return Raw(await won);
        }
        finally
        {
            if (expects)
            {
                _expected.TryRemove(remote, out _);
            }

            arrival.TrySetCanceled(CancellationToken.None);
            await calls.CancelAsync();
            foreach (var lost in new[] { calling, arrival.Task }.Where(task => task != won))
            {
                _ = DropAsync(lost);
            }
        }
    }

    // Dials a TCP socket; shared with the WebSocket transport.
    internal async Task<Socket> ConnectAsync(Multiaddr address, AddressScope scope, CancellationToken cancellationToken)
    {
        Exception? last = null;
        foreach (var endPoint in await ResolveAsync(address, scope, cancellationToken))
        {
            foreach (var reuse in new[] { true, false })
            {
                if (reuse && (!_options.DialFromListenPort || OperatingSystem.IsWindows() || !_listenPorts.ContainsKey(endPoint.AddressFamily)))
                {
                    continue;
                }

                var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                try
                {
                    Tune(socket);
                    if (reuse)
                    {
                        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
                        socket.Bind(new IPEndPoint(endPoint.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, _listenPorts[endPoint.AddressFamily]));
                    }

                    await socket.ConnectAsync(endPoint, cancellationToken);
                    if (socket.LocalEndPoint is IPEndPoint local && local.Equals(socket.RemoteEndPoint))
                    {
                        // A dial from a port to itself meets itself.
                        throw new SocketException((int)SocketError.ConnectionRefused);
                    }

                    return socket;
                }
                catch (SocketException fault)
                {
                    socket.Dispose();
                    last = fault;
                    if (!reuse || fault.SocketErrorCode is not (SocketError.AddressAlreadyInUse or SocketError.AddressNotAvailable or SocketError.InvalidArgument))
                    {
                        break;
                    }
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            }
        }

        throw new P2PException(P2PError.DialFailed, $"Cannot connect to {address}: {(last as SocketException)?.SocketErrorCode.ToString() ?? "the name has no address"}.", last);
    }

    private static Socket NewListener(IPEndPoint endPoint)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        if (endPoint.AddressFamily == AddressFamily.InterNetworkV6)
        {
            socket.DualMode = false;
        }

        return socket;
    }

    private static async Task<IReadOnlyList<IPEndPoint>> ResolveAsync(Multiaddr address, AddressScope scope, CancellationToken cancellationToken)
    {
        // Names may have many addresses; a dial tries the first few.
        const int MaxTried = 4;
        if (address.TcpEndPoint is { } endPoint)
        {
            return [endPoint];
        }

        var host = address.Parts[0];
        var family = host.Code switch
        {
            MultiaddrCode.Dns4 => AddressFamily.InterNetwork,
            MultiaddrCode.Dns6 => AddressFamily.InterNetworkV6,
            _ => AddressFamily.Unspecified,
        };
        try
        {
            var all = await Dns.GetHostAddressesAsync(host.Text, family, cancellationToken);

            // Looked at here and dialled as they are: asked once more, the name's owner could answer otherwise.
            var allowed = all.Where(ip => scope == AddressScope.Anywhere || IpScope.IsPublic(ip)).ToList();
            return allowed.Count > 0 || all.Length == 0
                ? [.. allowed.Take(MaxTried).Select(ip => new IPEndPoint(ip, address.Parts[1].Port))]
                : throw new P2PException(P2PError.DialFailed, $"The name {host.Text} stands for a private address, and was told by a peer that has no say about those; give the address yourself if it is right.");
        }
        catch (SocketException fault)
        {
            throw new P2PException(P2PError.DialFailed, $"The name {host.Text} cannot be resolved: {fault.SocketErrorCode}.", fault);
        }
    }

    private static IReadOnlyList<Multiaddr> SpreadOut(IPEndPoint bound)
    {
        if (!bound.Address.Equals(IPAddress.Any) && !bound.Address.Equals(IPAddress.IPv6Any))
        {
            return [Multiaddr.FromTcp(bound)];
        }

        return [.. NetworkInterface.GetAllNetworkInterfaces()
            .Where(card => card.OperationalStatus == OperationalStatus.Up)
            .SelectMany(card => card.GetIPProperties().UnicastAddresses)
            .Where(entry => entry.Address.AddressFamily == bound.AddressFamily && !entry.Address.IsIPv6LinkLocal)
            .Select(entry => Multiaddr.FromTcp(new IPEndPoint(entry.Address, bound.Port)))
            .Distinct()];
    }

    // A call of a peer that this host is calling itself: the call here goes on with it.
    private bool TryClaim(Socket accepted)
        => !_expected.IsEmpty && accepted.RemoteEndPoint is IPEndPoint remote && _expected.TryRemove(remote, out var arrival) && arrival.TrySetResult(accepted);

    private async Task<Socket> CallAsync(IPEndPoint remote, CancellationToken cancellationToken)
    {
        // Longer and longer: who refuses may be a stranger, whom a liar named.
        for (var pause = BetweenCalls; ; pause = pause * 2 < MostBetweenCalls ? pause * 2 : MostBetweenCalls)
        {
            var socket = new Socket(remote.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                Tune(socket);
                socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
                socket.Bind(new IPEndPoint(remote.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, _listenPorts[remote.AddressFamily]));
                await socket.ConnectAsync(remote, cancellationToken);
                return socket;
            }
            catch (SocketException)
            {
                // Refused, or the other side's call has just taken these two ports: again, until the time is up.
                socket.Dispose();
            }
            catch
            {
                socket.Dispose();
                throw;
            }

            await Task.Delay(pause, _time, cancellationToken);
        }
    }

    private void Tune(Socket socket)
    {
        socket.NoDelay = true;
        try
        {
            if (OperatingSystem.IsLinux())
            {
                socket.SetRawSocketOption((int)SocketOptionLevel.Tcp, LinuxNotSentLowWater, BitConverter.GetBytes(_options.MaxUnsent));
            }
            else if (OperatingSystem.IsMacOS())
            {
                socket.SetRawSocketOption((int)SocketOptionLevel.Tcp, MacNotSentLowWater, BitConverter.GetBytes(_options.MaxUnsent));
            }
        }
        catch (SocketException)
        {
            // An old kernel: longer queues, nothing worse.
        }
    }
}
