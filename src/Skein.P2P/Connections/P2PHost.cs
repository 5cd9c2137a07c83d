using Skein.P2P.Addressing;
using Skein.P2P.Errors;
using Skein.P2P.Identify;
using Skein.P2P.Identity;
using Skein.P2P.Ping;
using Skein.P2P.Transports;
using Skein.P2P.Yamux;

namespace Skein.P2P.Connections;

/// <summary>A peer: listens, dials, and opens streams to other peers by their id. Thread-safe.</summary>
/// <remarks>
/// <para>Everything above builds on five things: <see cref="Handle"/> serves a protocol; <see cref="NewStreamAsync(PeerId, string, StreamClass, CancellationToken)"/> opens a stream
/// to a peer, dialling it if need be; <see cref="Peers"/> says what is known of peers and takes addresses found elsewhere (DHT, directory); <see cref="ConnectionOpened"/>,
/// <see cref="PeerIdentified"/> and <see cref="ConnectionClosed"/> tell of changes; <see cref="AdoptAsync"/> makes any duplex stream a connection (relayed circuits, WebSockets of
/// an HTTP server). A relay adds its own <see cref="ITransport"/> with <see cref="AddTransport"/>.</para>
/// <para>Identify and Ping are served by the host itself. A DHT node starts to serve its protocol when it becomes a server, and stops with <see cref="Unhandle"/>: connected peers are told.</para>
/// </remarks>
public sealed class P2PHost : IAsyncDisposable
{
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(15);
    // Most direct ways are found within two round trips, which is well below this.
    private static readonly TimeSpan DirectPatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(5);

    private readonly P2PHostOptions _options;
    private readonly TimeProvider _time;
    private readonly ConnectionUpgrader _upgrader;
    private readonly InboundGate _inbound;
    private readonly Dialer _dialer;
    private readonly ConnectionTable _table;
    private readonly ProtocolTable _protocols;
    private readonly IdentifyService _identify;
    private readonly OwnAddresses _own;
    private readonly CancellationTokenSource _stopping = new();
    private readonly RunningWork _running = new();
    private volatile IReadOnlyList<ITransport> _transports;
    private Task _sweep = Task.CompletedTask;
    private int _started;
    private int _disposed;

    /// <summary>Creates a host; nothing happens before <see cref="StartAsync"/>.</summary>
    /// <param name="options">What it is.</param>
    /// <param name="transports">Ways to dial and listen.</param>
    /// <param name="time">Clock.</param>
    public P2PHost(P2PHostOptions options, IReadOnlyList<ITransport> transports, TimeProvider time)
    {
        _options = options;
        _transports = [.. transports];
        _time = time;
        _upgrader = new ConnectionUpgrader(options, time);
        _inbound = new InboundGate(options.Limits);
        _dialer = new Dialer(options.Limits, time);
        _table = new ConnectionTable(options.Key.PeerId, options);
        _own = new OwnAddresses(options, time);
        _protocols = new ProtocolTable(options.Limits, time, _running, fault => HandlerFailed?.Invoke(this, fault), _stopping.Token);
        _identify = new IdentifyService(this, options, time, _running, connection => PeerIdentified?.Invoke(this, new P2PConnectionEventArgs(connection)), _stopping.Token);
        Peers = new PeerStore(options.Limits, _table.Keeps);
        Handle(IdentifyProtocol.Id, StreamClass.Control, _identify.AnswerAsync, IdentifyProtocol.MaxStreams);
        Handle(IdentifyProtocol.PushId, StreamClass.Control, _identify.TakePushAsync, IdentifyProtocol.MaxStreams);
        Handle(PingProtocol.Id, StreamClass.Control, (stream, token) => PingProtocol.AnswerAsync(stream, _time, token), PingProtocol.MaxStreams);
    }

    /// <summary>A connection is ready. Raised on the thread that made it; must not block.</summary>
    public event EventHandler<P2PConnectionEventArgs>? ConnectionOpened;

    /// <summary>A connection has ended.</summary>
    public event EventHandler<P2PConnectionEventArgs>? ConnectionClosed;

    /// <summary>A peer has said what it speaks and where it listens, at first or anew: <see cref="Peers"/> knows it.</summary>
    public event EventHandler<P2PConnectionEventArgs>? PeerIdentified;

    /// <summary>A handler failed with something else than a lost connection or stream: whoever runs the host logs it. Raised on the handler's thread.</summary>
    public event EventHandler<HandlerFailedEventArgs>? HandlerFailed;

    /// <summary>What looks for a direct way to a peer that is reached through a relay: a task until it has found one or given up.</summary>
    internal Func<PeerId, Task>? DirectWay { get; set; }

    /// <summary>Who this is.</summary>
    public PeerId Id => _options.Key.PeerId;

    /// <summary>Which network it says it belongs to.</summary>
    public string ProtocolVersion => _options.ProtocolVersion;

    /// <summary>The key that it signs with.</summary>
    public PeerKey Key => _options.Key;

    /// <summary>What is known of other peers.</summary>
    public PeerStore Peers { get; }

    /// <summary>Where it listens, and what it announces besides; without the peer id.</summary>
    public IReadOnlyList<Multiaddr> Addresses => _own.All;

    /// <summary>Where it listens, and nothing besides.</summary>
    public IReadOnlyList<Multiaddr> ListenAddresses => [.. _own.Listeners.SelectMany(listener => listener.Addresses)];

    /// <summary>Protocols served here.</summary>
    public IReadOnlyList<string> Protocols => _protocols.Ids;

    /// <summary>All connections.</summary>
    public IReadOnlyList<P2PConnection> Connections => _table.All;

    /// <summary>Starts to listen.</summary>
    /// <exception cref="P2PException"><see cref="P2PError.DialFailed"/>: an address cannot be listened on; the message says which. Dispose the host then.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _started, 1) != 0)
        {
            throw new InvalidOperationException("The host was started before.");
        }

        foreach (var address in _options.Listen)
        {
            var transport = _transports.FirstOrDefault(transport => transport.CanListen(address))
                ?? throw new P2PException(P2PError.NoAddress, $"No transport listens on {address}; one looks like /ip4/0.0.0.0/tcp/4001.");
            _own.Add(await transport.ListenAsync(address, OnRawConnection, cancellationToken));
        }

        _sweep = SweepAsync();
    }

    /// <summary>Adds a way to dial: of a relay, say.</summary>
    public void AddTransport(ITransport transport)
    {
        IReadOnlyList<ITransport> before;
        do
        {
            before = _transports;
        }
        while (Interlocked.CompareExchange(ref _transports, [.. before, transport], before) != before);
    }

    /// <summary>Sets the addresses that are announced besides those listened on, and tells connected peers if that changes anything.</summary>
    public void Announce(IReadOnlyList<Multiaddr> addresses) => Announce(string.Empty, addresses);

    /// <summary>The same for one of several that find out addresses: each replaces only what it announced itself.</summary>
    /// <param name="source">Who: a relay, a port mapping.</param>
    /// <param name="addresses">Without the peer id.</param>
    public void Announce(string source, IReadOnlyList<Multiaddr> addresses)
    {
        if (_own.TryAnnounce(source, addresses))
        {
            PushIdentify();
        }
    }

    /// <summary>Serves a protocol from now on, and tells connected peers.</summary>
    /// <param name="protocol">Its id.</param>
    /// <param name="streamClass">What its streams carry.</param>
    /// <param name="handler">Serves each stream.</param>
    /// <param name="maxStreams">Streams that one connection may hold at once; further ones are reset.</param>
    /// <exception cref="InvalidOperationException">It is served already.</exception>
    public void Handle(string protocol, StreamClass streamClass, P2PStreamHandler handler, int maxStreams = 32)
    {
        _protocols.Add(new ProtocolRegistration(protocol, streamClass, maxStreams, handler));
        PushIdentify();
    }

    /// <summary>Serves a protocol no longer, and tells connected peers. Streams under way go on.</summary>
    public void Unhandle(string protocol)
    {
        if (_protocols.Remove(protocol))
        {
            PushIdentify();
        }
    }

    /// <summary>Connections with one peer.</summary>
    public IReadOnlyList<P2PConnection> ConnectionsWith(PeerId peer) => _table.With(peer);

    /// <summary>Keeps connections with a peer, however idle.</summary>
    public void Protect(PeerId peer) => _table.Protect(peer);

    /// <summary>Lets idle connections with a peer go again.</summary>
    public void Unprotect(PeerId peer) => _table.Unprotect(peer);

    /// <summary>Connects to a peer, unless a connection is there. Callers at the same time share one dial.</summary>
    /// <exception cref="P2PException"><see cref="P2PError.NoAddress"/>, <see cref="P2PError.DialFailed"/>, <see cref="P2PError.WrongPeer"/>, <see cref="P2PError.TimedOut"/>.</exception>
    public Task<P2PConnection> ConnectAsync(PeerId peer, CancellationToken cancellationToken) => GetConnectionAsync(peer, StreamClass.Control, cancellationToken);

    /// <summary>Connects to an address, and remembers it. Without a peer id in it, whoever answers is taken.</summary>
    /// <exception cref="P2PException">As the other overload.</exception>
    public async Task<P2PConnection> ConnectAsync(Multiaddr address, CancellationToken cancellationToken)
    {
        if (address.PeerId is not { } peer)
        {
            return await DialAsync(null, [address], cancellationToken);
        }

        Peers.AddAddresses(peer, address);
        return await ConnectAsync(peer, cancellationToken);
    }

    /// <summary>Opens a stream to a peer, dialling it if need be. Over a connection that is there it costs no round trip: see <see cref="P2PStream"/>.</summary>
    /// <param name="peer">Whom.</param>
    /// <param name="protocol">What to speak.</param>
    /// <param name="streamClass">What it will carry. Bulk streams and urgent ones to a peer each take a connection of their own.</param>
    /// <param name="cancellationToken">Safe.</param>
    /// <exception cref="P2PException">As <see cref="ConnectAsync(PeerId, CancellationToken)"/>; <see cref="P2PError.ProtocolNotSupported"/> if the peer has said that it does not speak the protocol.</exception>
    public async ValueTask<P2PStream> NewStreamAsync(PeerId peer, string protocol, StreamClass streamClass, CancellationToken cancellationToken)
    {
        for (var again = false; ; again = true)
        {
            var connection = await GetConnectionAsync(peer, streamClass, cancellationToken);
            if (Peers.Find(peer)?.Protocols is { } spoken && !spoken.Contains(protocol, StringComparer.Ordinal))
            {
                throw new P2PException(P2PError.ProtocolNotSupported, $"{peer} does not speak {protocol}.");
            }

            try
            {
                return await connection.NewStreamAsync(protocol, streamClass, cancellationToken);
            }
            catch (P2PException fault) when (fault.Error == P2PError.ConnectionClosed && !again)
            {
                // It was closed this moment: once more, over another.
                await connection.CloseAsync();
            }
        }
    }

    /// <summary>Pings a peer.</summary>
    /// <returns>The round trip.</returns>
    /// <exception cref="P2PException">As <see cref="NewStreamAsync(PeerId, string, StreamClass, CancellationToken)"/>.</exception>
    public async Task<TimeSpan> PingAsync(PeerId peer, CancellationToken cancellationToken)
    {
        await using var stream = await NewStreamAsync(peer, PingProtocol.Id, StreamClass.Control, cancellationToken);

        // The first one pays for the negotiation.
        await PingProtocol.PingAsync(stream, _time, cancellationToken);
        var roundTrip = await PingProtocol.PingAsync(stream, _time, cancellationToken);
        await stream.CloseWriteAsync(cancellationToken);
        return roundTrip;
    }

    /// <summary>Makes a raw connection that came about elsewhere one of this host: a relayed circuit, a WebSocket of an HTTP server.</summary>
    /// <param name="raw">The connection; the host owns it from now on.</param>
    /// <param name="outbound">Whether this side plays the dialler, whoever dialled below.</param>
    /// <param name="expected">Who must be at the other end; null for anybody.</param>
    /// <param name="cancellationToken">Safe.</param>
    /// <exception cref="P2PException">The handshake failed, or a limit is reached; the raw connection is closed.</exception>
    public async Task<P2PConnection> AdoptAsync(RawConnection raw, bool outbound, PeerId? expected, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(_options.Limits.HandshakeTimeout, _time);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken, _stopping.Token);
        try
        {
            var connection = await _upgrader.UpgradeAsync(raw, outbound, expected, OnStream, bound.Token);
            await RegisterAsync(connection);
            return connection;
        }
        catch (OperationCanceledException fault) when (timeout.IsCancellationRequested)
        {
            throw new P2PException(P2PError.TimedOut, $"The handshake with {raw.Remote} took longer than {_options.Limits.HandshakeTimeout.TotalSeconds:0.#} s.", fault);
        }
    }

    /// <summary>This host's addresses, sealed.</summary>
    public ReadOnlyMemory<byte> SealedRecord() => _own.SealedRecord();

    /// <summary>Stops listening, closes all connections, and waits for handlers.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        _table.Close();
        await _stopping.CancelAsync();
        foreach (var listener in _own.Listeners)
        {
            await listener.DisposeAsync();
        }

        await Task.WhenAll(Connections.Select(connection => connection.CloseAsync().AsTask()));
        await _sweep;
        await Task.WhenAny(_running.WhenIdle(), Task.Delay(StopTimeout, TimeProvider.System, CancellationToken.None));
        _dialer.Dispose();
    }

    private async Task<P2PConnection> GetConnectionAsync(PeerId peer, StreamClass streamClass, CancellationToken cancellationToken)
    {
        if (peer == Id)
        {
            throw new P2PException(P2PError.DialFailed, "A host does not dial itself.");
        }

        var hasWaited = false;

        // At most three looks: none is there, the one that is there carries the other class, a fresh one is there.
        for (var look = 0; ; look++)
        {
            if (!hasWaited && streamClass != StreamClass.Control && DirectWay?.Invoke(peer) is { IsCompleted: false } underWay)
            {
                hasWaited = true;

                // A relay that carries everything will do when the direct way takes long; one that carries next to nothing will not.
                var mayRelay = ConnectionsWith(peer).Any(connection => connection.Limit is null);
                await Task.WhenAny(underWay, Task.Delay(mayRelay ? DirectPatience : Timeout.InfiniteTimeSpan, _time, cancellationToken));
                cancellationToken.ThrowIfCancellationRequested();
            }

            if (_table.TakeOrDial(peer, streamClass, look == 2, second => DialAndForgetAsync(peer, second), out var spare, out var limited, out var dial) is { } taken)
            {
                return taken;
            }

            try
            {
                var fresh = await dial!.WaitAsync(cancellationToken);
                if (look == 2 && (streamClass == StreamClass.Control || fresh.Limit is null))
                {
                    fresh.Mark(streamClass);
                    return fresh;
                }

                if (look > 2)
                {
                    throw new P2PException(P2PError.LimitReached, $"{peer} is reached only through a relay that lets {fresh.Limit} pass.");
                }
            }
            catch (P2PException fault) when (limited is not null)
            {
                throw new P2PException(P2PError.LimitReached, $"{peer} is reached only through a relay that lets {limited.Limit} pass, which is too little for anything but agreeing on a direct connection. {fault.Message}", fault);
            }
            catch (P2PException) when (spare is not null)
            {
                // A second connection is a luxury.
                spare.Mark(streamClass);
                return spare;
            }
        }
    }

    private async Task<P2PConnection> DialAndForgetAsync(PeerId peer, bool second)
    {
        // Off the lock that the caller holds.
        await Task.Yield();
        try
        {
            var addresses = Peers.Find(peer)?.Addresses ?? [];
            if (second)
            {
                addresses = [.. addresses.Where(address => !address.IsRelayed)];
            }

            return await DialAsync(peer, addresses, _stopping.Token);
        }
        finally
        {
            _table.DialEnded(peer, second);
        }
    }

    private async Task<P2PConnection> DialAsync(PeerId? peer, IReadOnlyList<Multiaddr> addresses, CancellationToken cancellationToken)
    {
        // Without a peer it is the operator's address: others always say whose it is.
        var known = peer is null ? null : Peers.Find(peer);
        var connection = await _dialer.DialAsync(peer, addresses, address => peer is null ? AddressScope.Anywhere : known?.ScopeOf(address) ?? AddressScope.Public, _transports, (raw, token) => _upgrader.UpgradeAsync(raw, outbound: true, peer, OnStream, token), cancellationToken);
        Peers.Confirm(connection.Peer, connection.Remote, peer is null ? AddressScope.Anywhere : AddressScope.Public);
        await RegisterAsync(connection);
        return connection;
    }

    /// <summary>Dials these addresses though a connection with the peer is there already.</summary>
    internal Task<P2PConnection> DialDirectAsync(PeerId peer, IReadOnlyList<Multiaddr> addresses, CancellationToken cancellationToken) => DialAsync(peer, addresses, cancellationToken);

    private void OnRawConnection(RawConnection raw)
    {
        if (!_inbound.TryStartHandshake(raw.RemoteIp))
        {
            raw.Stream.Dispose();
            return;
        }

        _ = AcceptAsync(raw);
    }

    private async Task AcceptAsync(RawConnection raw)
    {
        _running.Enter();
        try
        {
            await AdoptAsync(raw, outbound: false, null, CancellationToken.None);
        }
        catch (Exception fault) when (fault is P2PException or OperationCanceledException)
        {
            // A stranger that could not say who it is: closed by the upgrader.
        }
        finally
        {
            _inbound.EndHandshake(raw.RemoteIp);
            _running.Leave();
        }
    }

    private async Task RegisterAsync(P2PConnection connection)
    {
        P2PConnection? evicted;
        try
        {
            evicted = _table.Add(connection);
        }
        catch (P2PException)
        {
            await connection.CloseAsync();
            throw;
        }

        if (!connection.IsOutbound)
        {
            _inbound.Opened(connection.RemoteIp);
        }

        var version = _identify.Version;
        connection.Muxer.Start();
        _ = WatchAsync(connection);
        ConnectionOpened?.Invoke(this, new P2PConnectionEventArgs(connection));
        _ = _identify.AskAsync(connection, version);
        if (evicted is not null)
        {
            await evicted.CloseAsync();
        }
    }

    private async Task WatchAsync(P2PConnection connection)
    {
        await connection.Closed;
        _table.Remove(connection);

        if (!connection.IsOutbound)
        {
            _inbound.Closed(connection.RemoteIp);
        }

        ConnectionClosed?.Invoke(this, new P2PConnectionEventArgs(connection));
        await connection.CloseAsync();
    }

    private void OnStream(P2PConnection connection, YamuxStream stream) => _ = _protocols.ServeAsync(connection, stream);

    private async Task SweepAsync()
    {
        try
        {
            using var timer = new PeriodicTimer(SweepInterval, _time);
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                foreach (var idle in _table.IdleFor(_options.Limits.IdleTimeout))
                {
                    await idle.CloseAsync();
                }
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    private void PushIdentify()
    {
        if (Volatile.Read(ref _started) != 0)
        {
            _identify.PushToAll();
        }
    }
}
